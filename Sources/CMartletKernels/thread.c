#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "martlet_thread.h"

#include <stdio.h>
#include <unistd.h>

static _Thread_local martlet_thread_state state;

martlet_thread_state *_Nonnull martlet_thread(void) { return &state; }

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
