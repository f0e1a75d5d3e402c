import Testing

@testable import MartletKernels

struct BackgroundWorkTests {
  @Test func theResultIsTheWorks() {
    let works = (0..<20).map { number in BackgroundWork { (0...number * 10_000).reduce(0, +) } }
    for (number, work) in works.enumerated() {
      let last = number * 10_000
      #expect(work.result() == last * (last + 1) / 2)
      #expect(work.result() == last * (last + 1) / 2)
    }
  }

  @Test func theCallerGoesOnMeanwhile() {
    let (mutex, mayEnd) = (PlatformMutex(), PlatformCondition())
    nonisolated(unsafe) var isAllowed = false
    let work = BackgroundWork {
      mutex.lock()
      while !isAllowed { mayEnd.wait(mutex) }
      mutex.unlock()
      return true
    }
    mutex.lock()
    isAllowed = true
    mayEnd.broadcast()
    mutex.unlock()
    #expect(work.result())
  }
}
