import Synchronization
import Testing

@testable import MartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What needs the thread pool for itself: each test runs in a process of its own, where no other test takes the pool
/// (its loops would then run on one thread) or the processor's time.
struct ThreadCountTests {
  @Test func anIdlePoolTakesNoTime() async {
    await #expect(processExitsWith: .success) {
      ThreadPool.withThreadCount(4) {
        for _ in 0..<100 { _ = ThreadPoolTests.counts(64) }
      }
      // Workers wait actively for a moment first.
      usleep(200_000)
      let before = processTime()
      usleep(1_000_000)
      let taken = processTime() - before
      #expect(taken < 0.005, "an idle second took \(taken) seconds of processor time")
    }
  }

  @Test func severalThreadsTakePart() async {
    await #expect(processExitsWith: .success) {
      for threads in [2, 3, 7] {
        let arrived = Atomic<Int>(0)
        ThreadPool.withThreadCount(threads) {
          // A piece ends when all have begun, each on a thread of its own.
          let end = now() + 20
          ThreadPool.parallelFor(threads) { _ in
            arrived.wrappingAdd(1, ordering: .sequentiallyConsistent)
            while arrived.load(ordering: .sequentiallyConsistent) < threads, now() < end { sched_yield() }
          }
          #expect(now() < end, "\(threads) pieces did not run side by side")
        }
      }
    }
  }

  @Test func anyNumberOfThreadsGivesTheSameBytes() async {
    await #expect(processExitsWith: .success) {
      for set in InstructionSet.available {
        InstructionSet.with(set) {
          for (name, run) in ManyPieces.all {
            let outputs = [1, 2, 3, 7].map { threads in
              let memory = TestMemory(.endsAtWall)
              ThreadPool.withThreadCount(threads) { run(memory) }
              return memory.outputs
            }
            #expect(!outputs[0].isEmpty && outputs.allSatisfy { $0 == outputs[0] }, "\(name), \(set)")
          }
        }
      }
    }
  }
}

private func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
private func processTime() -> Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
private func now() -> Double { seconds(CLOCK_MONOTONIC) }
