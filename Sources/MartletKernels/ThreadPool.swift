import CMartletKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The threads that kernels share.
///
/// Work is given as numbered pieces whose bounds depend on shapes only; which thread runs which piece is open, so
/// a piece must not depend on it. The size is that of `MARTLET_THREADS`, or else the cores this process may use.
public enum ThreadPool {
  /// Runs `body(0) … body(pieces - 1)`, each once, and returns when all are done.
  ///
  /// The calling thread takes part. Called from inside a body, or while another thread has the pool, the loop
  /// runs serially on the calling thread.
  ///
  /// - Parameter backwards: Whether a thread begins with the last of its pieces: what the loop before this one has left in
  ///   its core's caches, if the same pieces meet the same memory.
  public static func parallelFor(_ pieces: Int, backwards: Bool = false, _ body: (Int) -> Void) {
    guard pieces > 0 else { return }
    let state = martlet_thread()
    let threads = min(threadCount, pieces)
    if threads == 1 || state.pointee.inside_loop != 0 || pieces > Int(UInt32.max)
      || !Team.shared.run(pieces: pieces, threads: threads, backwards: backwards, state, body)
    {
      for piece in 0..<pieces { body(backwards ? pieces - 1 - piece : piece) }
    }
  }

  /// Threads that a loop started by the calling thread may use, itself included.
  public static var threadCount: Int {
    let forced = Int(martlet_thread().pointee.forced_threads)
    return forced > 0 ? forced : environment.count
  }

  /// Runs `body` with loops of the calling thread on `count` threads. More threads than cores are allowed, and slow.
  public static func withThreadCount<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
    let state = martlet_thread()
    let before = state.pointee.forced_threads
    state.pointee.forced_threads = Int32(max(1, min(count, largestCount)))
    defer { state.pointee.forced_threads = before }
    return try body()
  }

  /// What is wrong with `MARTLET_THREADS`, for a program to report before it starts; `nil` where nothing is.
  public static var environmentProblem: String? { environment.problem }

  static let largestCount = 1024

  private static let environment = choose(getenv("MARTLET_THREADS").map { String(cString: $0) })

  /// The number of threads that a value of `MARTLET_THREADS` asks for, and what is wrong with it.
  static func choose(_ value: String?) -> (count: Int, problem: String?) {
    let cores = min(Int(martlet_available_cores()), largestCount)
    guard let value, !value.isEmpty else { return (cores, nil) }
    guard let count = Int(value), (1...largestCount).contains(count) else {
      return (cores, "MARTLET_THREADS must be a number from 1 to \(largestCount), got \"\(value)\"")
    }
    return (count, nil)
  }
}

/// The workers and the one job they may be working on.
private final class Team: @unchecked Sendable {
  static let shared = Team()

  typealias Body = (Int) -> Void

  /// Epoch in the upper half, pieces not yet taken in the lower. The right to a piece is taken by lowering the whole
  /// word by one: it can only succeed while that very job still has a piece left, so a thread that comes late can
  /// neither hold up a job nor take from the next one.
  private let ticket = Atomic<UInt64>(0)
  private let queues = PieceQueues()
  private let finished = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let threadLimit = Atomic<Int>(1)

  // Written by the caller before the ticket is set; read by whoever holds a piece, during which they stay.
  nonisolated(unsafe) private var body: UnsafePointer<Body>?
  nonisolated(unsafe) private var forcedInstructionSet: Int32 = 0
  nonisolated(unsafe) private var epoch: UInt64 = 0

  // Guarded by `owner`.
  nonisolated(unsafe) private var workers = 0

  private let owner = PlatformMutex()
  private let sleep = PlatformMutex()
  private let wake = PlatformCondition()

  /// About a third of a millisecond: longer than the gaps between kernels, much shorter than a person's patience.
  private static let pausesBeforeSleep = 20_000

  /// False where another thread has the team: the caller then does its work alone.
  func run(
    pieces: Int, threads: Int, backwards: Bool, _ state: UnsafeMutablePointer<martlet_thread_state>,
    _ body: (Int) -> Void
  ) -> Bool {
    guard owner.tryLock() else { return false }
    defer { owner.unlock() }
    while workers < threads - 1, startWorker(number: workers + 1) { workers += 1 }

    withoutActuallyEscaping(body) { escapable in
      withUnsafePointer(to: escapable) { pointer in
        self.body = pointer
        forcedInstructionSet = state.pointee.forced_isa
        queues.fill(pieces, threads: threads, backwards: backwards)
        finished.store(0, ordering: .relaxed)
        threadLimit.store(threads, ordering: .relaxed)
        epoch = (epoch &+ 1) & 0xFFFF_FFFF
        ticket.store(epoch << 32 | UInt64(pieces), ordering: .sequentiallyConsistent)
        if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
          sleep.lock()
          wake.broadcast()
          sleep.unlock()
        }
        work(number: 0, state)
        var pauses = 0
        while finished.load(ordering: .acquiring) < pieces {
          martlet_pause()
          pauses += 1
          if pauses >= Self.pausesBeforeSleep {
            // More threads than cores: let the one that holds the last piece run.
            sched_yield()
            pauses = 0
          }
        }
        self.body = nil
      }
    }
    return true
  }

  /// Takes and runs pieces until none is left.
  private func work(number: Int, _ state: UnsafeMutablePointer<martlet_thread_state>) {
    var word = ticket.load(ordering: .acquiring)
    while word & 0xFFFF_FFFF != 0 {
      let (taken, current) = ticket.weakCompareExchange(
        expected: word, desired: word - 1, ordering: .acquiringAndReleasing)
      guard taken else {
        word = current
        continue
      }
      state.pointee.inside_loop = 1
      runPiece(queues.take(number), state)
      state.pointee.inside_loop = 0
      finished.wrappingAdd(1, ordering: .releasing)
      word = ticket.load(ordering: .acquiring)
    }
  }

  /// Not inlined: the reference to the closure must be given back before the piece is counted as finished.
  @inline(never)
  private func runPiece(_ piece: Int, _ state: UnsafeMutablePointer<martlet_thread_state>) {
    state.pointee.forced_isa = forcedInstructionSet
    body!.pointee(piece)
  }

  private func startWorker(number: Int) -> Bool {
    startDetachedThread { [self] in
      let state = martlet_thread()
      while true {
        waitForWork(number)
        work(number: number, state)
      }
    }
  }

  private func waitForWork(_ number: Int) {
    var pauses = 0
    while !hasWork(number) {
      martlet_pause()
      pauses += 1
      guard pauses >= Self.pausesBeforeSleep else { continue }
      sleep.lock()
      sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
      while !hasWork(number) { wake.wait(sleep) }
      sleepers.wrappingSubtract(1, ordering: .relaxed)
      sleep.unlock()
      return
    }
  }

  private func hasWork(_ number: Int) -> Bool {
    ticket.load(ordering: .sequentiallyConsistent) & 0xFFFF_FFFF != 0
      && number < threadLimit.load(ordering: .relaxed)
  }
}
