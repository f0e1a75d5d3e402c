import Martlet
import Testing

@testable import MartletData

@Suite struct SequenceWindowTests {
  private let data: SequenceDataset
  private let split: LeaveOneOutSplit

  init() throws {
    data = try SequenceDataset(.ofLengths([6, 1, 4, 2, 9, 3, 12]))
    split = try LeaveOneOutSplit(data)
  }

  private func loader(length: Int = 3, batchSize: Int = 4, seed: UInt64 = 5) throws -> SequenceWindowLoader {
    try SequenceWindowLoader(data, split.training, length: length, batchSize: batchSize, seed: seed)
  }

  @Test(arguments: [1, 2, 3, 5, 9, 20])
  func eachExampleIsInOneWindow(length: Int) throws {
    let windows = try SequenceWindows(split.training, length: length)
    #expect(windows.exampleCount == split.training.count)
    var found: Set<SequenceExample> = []
    for index in 0..<windows.count {
      let (user, targets) = windows[index]
      #expect((1...length).contains(targets.count))
      for end in targets { #expect(found.insert(SequenceExample(user: user, end: end)).inserted) }
    }
    #expect(found == Set(split.training))
  }

  @Test func aBatchHoldsItemsAndWhatCameAfterEach() throws {
    // User 4 has nine items and so six training examples: two windows of three.
    let loader = try loader()
    let order = loader.order(epoch: 0)
    #expect(order.sorted() == (0..<UInt32(loader.windows.count)).map { $0 })
    for index in 0..<loader.batchCount {
      let (items, targets, count) = try loader.batch(index, of: order)
      #expect(items.shape == targets.shape && items.shape[1] == 3)
      #expect(try count == targets.scalars(Int32.self).count { $0 != 0 })
      let (left, right) = try (items.scalars(Int32.self), targets.scalars(Int32.self))
      for (row, window) in order[index * 4..<min(index * 4 + 4, order.count)].enumerated() {
        let (user, range) = loader.windows[Int(window)]
        let sequence = Array(data.sequence(of: user))
        let filling = [Int32](repeating: 0, count: 3 - range.count)
        #expect(Array(left[row * 3..<row * 3 + 3]) == range.map { sequence[$0 - 1] } + filling)
        #expect(Array(right[row * 3..<row * 3 + 3]) == range.map { sequence[$0] } + filling)
      }
    }
  }

  @Test func orderFollowsFromSeedAndEpoch() throws {
    #expect(try loader().order(epoch: 3) == loader().order(epoch: 3))
    #expect(try loader(length: 1).order(epoch: 3) != loader(length: 1).order(epoch: 4))
    #expect(try loader(length: 1).order(epoch: 3) != loader(length: 1, seed: 6).order(epoch: 3))
  }

  @Test func whatCannotBeMeantIsRefused() {
    #expect(throws: MartletError.self) { try loader(length: 0) }
    #expect(throws: MartletError.self) { try loader(batchSize: 0) }
    #expect(throws: MartletError.self) {
      let other = try SequenceDataset(.ofLengths([3, 3]))
      return try SequenceWindowLoader(other, split.training, length: 3, batchSize: 4, seed: 1)
    }
    #expect(throws: MartletError.self) {
      try SequenceWindowLoader(data, SequenceExamples(), length: 3, batchSize: 4, seed: 1)
    }
  }
}
