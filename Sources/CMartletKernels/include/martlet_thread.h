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
} martlet_thread_state;

/// The calling thread's state.
martlet_thread_state *_Nonnull martlet_thread(void);

/// Cores that this process may use: its affinity mask, cut by a control group's processor quota. At least 1.
int martlet_available_cores(void);

#endif
