import CMartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A mutex with a fixed address, which a condition variable needs.
final class PlatformMutex: @unchecked Sendable {
  fileprivate let handle = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() { pthread_mutex_init(handle, nil) }

  deinit {
    pthread_mutex_destroy(handle)
    handle.deallocate()
  }

  func lock() { pthread_mutex_lock(handle) }
  func tryLock() -> Bool { pthread_mutex_trylock(handle) == 0 }
  func unlock() { pthread_mutex_unlock(handle) }
}

final class PlatformCondition: @unchecked Sendable {
  private let handle = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() { pthread_cond_init(handle, nil) }

  deinit {
    pthread_cond_destroy(handle)
    handle.deallocate()
  }

  /// Gives `mutex` up while waiting. May return without a broadcast: check the condition again.
  func wait(_ mutex: PlatformMutex) { pthread_cond_wait(handle, mutex.handle) }
  func broadcast() { pthread_cond_broadcast(handle) }
}

/// Work on another thread, and its result. Where the system gives no more threads it is done on the calling one.
package final class BackgroundWork<Result: Sendable>: Sendable {
  private let mutex = PlatformMutex()
  private let isDone = PlatformCondition()
  // Guarded by the mutex.
  private nonisolated(unsafe) var finished: Result?

  /// - Parameter line: What the work waits for its turn in; nil for a thread of its own.
  package init(in line: BackgroundLine? = nil, _ work: @escaping @Sendable () -> Result) {
    let run: @Sendable () -> Void = {
      let result = work()
      self.mutex.lock()
      self.finished = result
      self.isDone.broadcast()
      self.mutex.unlock()
    }
    if let line { line.add(run) } else if !startDetachedThread(run) { run() }
  }

  /// Waits for the end of the work.
  package func result() -> Result {
    mutex.lock()
    defer { mutex.unlock() }
    while true {
      if let finished { return finished }
      isDone.wait(mutex)
    }
  }
}

private final class ThreadMain {
  private let body: @Sendable () -> Void
  private let makersCore = martlet_current_core()
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func run() {
    // Linux often leaves a fresh thread on the core of its maker for milliseconds, where the two take turns while
    // others are idle.
    martlet_leave_core(makersCore)
    body()
  }
}

/// Starts a thread that nobody waits for. False where the system gives no more threads.
package func startDetachedThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  let context = Unmanaged.passRetained(ThreadMain(body)).toOpaque()
  #if canImport(Darwin)
    var thread: pthread_t?
    let status = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<ThreadMain>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
  #else
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<ThreadMain>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, context)
  #endif
  guard status == 0 else {
    Unmanaged<ThreadMain>.fromOpaque(context).release()
    return false
  }
  #if canImport(Darwin)
    if let thread { pthread_detach(thread) }
  #else
    pthread_detach(thread)
  #endif
  return true
}
