#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "martlet_thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local martlet_thread_state state;

martlet_thread_state *_Nonnull martlet_thread(void) { return &state; }

enum { HUGE_PAGE = 2 << 20 };

static _Thread_local void *scratch;
static _Thread_local long scratch_bytes;
static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

// A thread that ends gives its memory back.
static void make_scratch_key(void) { pthread_key_create(&scratch_key, free); }

void *_Nullable martlet_thread_scratch(long bytes) {
  if (scratch && bytes <= scratch_bytes) return scratch;
  pthread_once(&scratch_once, make_scratch_key);
  // What takes a good part of a huge page lies on huge pages: a kernel that walks over all of it meets a fault, and
  // later misses of translations, every 2 MiB and not every 4 KiB.
  const long wanted = bytes + bytes / 4 + 1;
  const long page = wanted >= HUGE_PAGE / 8 ? HUGE_PAGE : 4096;
  const long rounded = (wanted + page - 1) / page * page;
  void *larger;
  if (posix_memalign(&larger, (size_t)page, (size_t)rounded) != 0) return 0;
#if defined(MADV_HUGEPAGE)
  // Advice: where it is not taken, pages are small.
  if (page == HUGE_PAGE) (void)madvise(larger, (size_t)rounded, MADV_HUGEPAGE);
#endif
  free(scratch);
  scratch = larger;
  scratch_bytes = rounded;
  pthread_setspecific(scratch_key, scratch);
  return scratch;
}

int martlet_available_cores(void) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = CPU_COUNT(&mask);
  // A container that may use two processors' time of a large machine must not start a thread a core.
  FILE *quota_file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (quota_file) {
    long quota, period;
    if (fscanf(quota_file, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0) {
      long allowed = (quota + period - 1) / period;
      if (allowed < cores) cores = allowed;
    }
    fclose(quota_file);
  }
#endif
  return cores < 1 ? 1 : (int)cores;
}

#if defined(__linux__)

int martlet_current_core(void) { return sched_getcpu(); }

void martlet_leave_core(int core) {
  cpu_set_t all;
  if (core < 0 || core >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) != 0) return;
  cpu_set_t others = all;
  CPU_CLR(core, &others);
  if (CPU_COUNT(&others) == 0) return;
  if (sched_setaffinity(0, sizeof others, &others) == 0) sched_setaffinity(0, sizeof all, &all);
}

#else

int martlet_current_core(void) { return -1; }

void martlet_leave_core(int core) { (void)core; }

#endif
