import MartletKernels
import Synchronization
import Testing

@testable import MartletKernels

#if canImport(Glibc)
  import Glibc
#endif

/// Every piece must run exactly once, whoever calls and however many threads there are.
@Suite(.serialized) struct ThreadPoolTests {
  /// How often each piece of a loop ran.
  static func counts(_ pieces: Int) -> [Int] {
    let runs = UnsafeMutablePointer<Int>.allocate(capacity: max(1, pieces))
    defer { runs.deallocate() }
    runs.initialize(repeating: 0, count: pieces)
    nonisolated(unsafe) let shared = runs
    ThreadPool.parallelFor(pieces) { shared[$0] += 1 }
    return (0..<pieces).map { runs[$0] }
  }

  @Test(arguments: [1, 2, 3, 8]) func everyPieceRunsOnce(threads: Int) {
    ThreadPool.withThreadCount(threads) {
      for round in 0..<300 {
        let pieces = round % 17
        #expect(Self.counts(pieces) == [Int](repeating: 1, count: pieces))
      }
    }
  }

  @Test func manySmallLoopsNeverLoseAPiece() {
    let sum = Atomic<Int>(0)
    ThreadPool.withThreadCount(4) {
      for _ in 0..<20_000 { ThreadPool.parallelFor(3) { sum.wrappingAdd($0 + 1, ordering: .relaxed) } }
    }
    #expect(sum.load(ordering: .relaxed) == 20_000 * 6)
  }

  @Test func loopsInsideALoopRun() {
    let sum = Atomic<Int>(0)
    ThreadPool.withThreadCount(3) {
      ThreadPool.parallelFor(5) { _ in
        ThreadPool.parallelFor(7) { sum.wrappingAdd($0, ordering: .relaxed) }
      }
    }
    #expect(sum.load(ordering: .relaxed) == 5 * 21)
  }

  @Test func severalThreadsMayCallAtOnce() {
    let running = Atomic<Int>(6)
    let sum = Atomic<Int>(0)
    for _ in 0..<6 {
      let started = startDetachedThread {
        ThreadPool.withThreadCount(2) {
          for _ in 0..<2_000 { ThreadPool.parallelFor(4) { sum.wrappingAdd($0, ordering: .relaxed) } }
        }
        running.wrappingSubtract(1, ordering: .releasing)
      }
      #expect(started)
    }
    while running.load(ordering: .acquiring) > 0 { sched_yield() }
    #expect(sum.load(ordering: .relaxed) == 6 * 2_000 * 6)
  }

  @Test func workersWakeAfterSleeping() {
    ThreadPool.withThreadCount(2) {
      _ = Self.counts(4)
      usleep(100_000)
      #expect(Self.counts(4) == [1, 1, 1, 1])
    }
  }

  @Test func aForcedInstructionSetReachesTheWorkers() {
    let wrong = Atomic<Int>(0)
    ThreadPool.withThreadCount(2) {
      for set in InstructionSet.available {
        InstructionSet.with(set) {
          ThreadPool.parallelFor(64) { _ in
            if InstructionSet.current != set { wrong.wrappingAdd(1, ordering: .relaxed) }
          }
        }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func theEnvironmentIsChecked() {
    #expect(ThreadPool.choose("3").count == 3)
    #expect(ThreadPool.choose(nil).problem == nil)
    for wrong in ["0", "-1", "two", "1.5", "99999999999999999999"] {
      #expect(ThreadPool.choose(wrong).problem?.contains(wrong) == true)
      #expect(ThreadPool.choose(wrong).count >= 1)
    }
    #expect(InstructionSet.choose("portable").set == .portable)
    #expect(InstructionSet.choose("PORTABLE").problem == nil)
    #expect(InstructionSet.choose("sse9").problem?.contains("sse9") == true)
    for set in InstructionSet.allCases where !set.isAvailable {
      #expect(InstructionSet.choose(set.rawValue).problem?.contains(set.rawValue) == true)
    }
  }

  /// A thread leaves its maker's core when it starts, and may come back to it.
  @Test func freshThreadsMayUseAllCores() {
    let cores = ThreadPool.choose(nil).count
    for _ in 0..<50 { #expect(BackgroundWork { ThreadPool.choose(nil).count }.result() == cores) }
  }
}
