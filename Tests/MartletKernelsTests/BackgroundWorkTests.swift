import Foundation
import Synchronization
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
    let isAllowed = Mutex(false)
    let work = BackgroundWork {
      while !isAllowed.withLock({ $0 }) { sched_yield() }
      return true
    }
    isAllowed.withLock { $0 = true }
    #expect(work.result())
  }
}
