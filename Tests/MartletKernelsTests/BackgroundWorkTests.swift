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

  @Test func aLineDoesOneAfterTheOther() {
    let line = BackgroundLine()
    let isAllowed = Mutex(false)
    let seen = Mutex<[Int]>([])
    let first = BackgroundWork(in: line) {
      while !isAllowed.withLock({ $0 }) { sched_yield() }
    }
    let works = (0..<20).map { number in
      BackgroundWork(in: line) { seen.withLock { $0.append(number) } }
    }
    #expect(seen.withLock { $0 } == [])
    isAllowed.withLock { $0 = true }
    for work in [first] + works { work.result() }
    #expect(seen.withLock { $0 } == Array(0..<20))
  }

  @Test func aPieceMayAddPieces() {
    let line = BackgroundLine()
    let seen = Mutex<[Int]>([])
    let outer = BackgroundWork(in: line) {
      line.add { seen.withLock { $0.append(2) } }
      seen.withLock { $0.append(1) }
    }
    outer.result()
    BackgroundWork(in: line) {}.result()
    #expect(seen.withLock { $0 } == [1, 2])
  }

  /// The thread of a line has ended, or is about to, when the next work comes.
  @Test func aLineBeginsAgain() {
    let line = BackgroundLine()
    for number in 0..<500 { #expect(BackgroundWork(in: line) { number }.result() == number) }
  }
}
