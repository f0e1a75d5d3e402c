#ifndef MARTLET_THREAD_H
#define MARTLET_THREAD_H

/// What a thread carries with it while kernels run. Zero-initialised on every thread.
typedef struct {
  /// Non-zero while the thread is inside the body of a parallel loop: loops within it run serially.
  int inside_loop;
  /// One more than the instruction set forced on this thread; zero where none is.
  int forced_isa;
  /// The number of threads forced on loops that this thread starts; zero where none is.
  int forced_threads;
  /// Non-zero where tests want the portable matrix tiles in the shape of the AVX-512 ones.
  int forced_wide_tiles;
} martlet_thread_state;

/// The calling thread's state.
martlet_thread_state *_Nonnull martlet_thread(void);

/// At least `bytes` bytes of memory for the calling thread's use until its next call, aligned to 64 and kept
/// between calls: packed blocks and pointer tables. A body that holds it must not call one that asks for it.
/// Null where the system has no memory left.
void *_Nullable martlet_thread_scratch(long bytes);

/// Cores that this process may use: its affinity mask, cut by a control group's processor quota. At least 1.
int martlet_available_cores(void);

/// The core that runs the calling thread, or a negative number where the system does not tell.
int martlet_current_core(void);

/// Moves the calling thread off a core, if it may run on others. It may come back: the system moves it as before.
void martlet_leave_core(int core);

#endif
