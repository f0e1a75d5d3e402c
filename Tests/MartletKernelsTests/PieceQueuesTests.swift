import Testing

@testable import MartletKernels

struct PieceQueuesTests {
  @Test(arguments: [1, 2, 3, 7, 64, 100], [1, 2, 5, 64, 1000])
  func giveEachPieceOnceWhoeverTakes(threads: Int, pieces: Int) {
    let queues = PieceQueues()
    // A queue must begin anew.
    for round in 0..<3 {
      queues.fill(pieces, threads: threads, backwards: round == 1)
      let taken = (0..<pieces).map { queues.take(($0 * $0 + round) % threads) }
      #expect(taken.sorted() == Array(0..<pieces))
    }
  }

  @Test func giveAThreadNeighboursFirst() {
    let queues = PieceQueues()
    queues.fill(10, threads: 3, backwards: false)
    #expect((0..<3).map { _ in queues.take(1) } == [3, 4, 5])
    #expect((0..<4).map { _ in queues.take(2) } == [6, 7, 8, 9])
    // Nothing is left of its own.
    #expect((0..<3).map { _ in queues.take(2) } == [0, 1, 2])
  }

  @Test func giveAThreadTheSameNeighboursBackwards() {
    let queues = PieceQueues()
    queues.fill(10, threads: 3, backwards: true)
    #expect((0..<3).map { _ in queues.take(1) } == [5, 4, 3])
    #expect((0..<4).map { _ in queues.take(2) } == [9, 8, 7, 6])
    #expect((0..<3).map { _ in queues.take(2) } == [2, 1, 0])
  }

  @Test func giveEachPieceOnceToThreadsThatTakeTogether() {
    let queues = PieceQueues()
    let (pieces, threads) = (30_000, 3)
    queues.fill(pieces, threads: threads, backwards: false)
    let work = (0..<threads).map { thread in
      BackgroundWork { (0..<pieces / threads).map { _ in queues.take(thread) } }
    }
    #expect(work.flatMap { $0.result() }.sorted() == Array(0..<pieces))
  }
}
