import Martlet
import Testing

@testable import MartletData

@Suite struct SequenceLoaderTests {
  private let data: SequenceDataset
  private let split: LeaveOneOutSplit

  init() throws {
    data = try SequenceDataset(.ofLengths([6, 1, 4, 2, 9, 3]))
    split = try LeaveOneOutSplit(data)
  }

  private func loader(
    batchSize: Int = 4, seed: UInt64 = 5, shuffles: Bool = true, drawsNegatives: Bool = true
  ) throws -> SequenceLoader {
    try SequenceLoader(
      data, split.training, maximumLength: 3, batchSize: batchSize, seed: seed, shuffles: shuffles,
      drawsNegatives: drawsNegatives)
  }

  private func all(_ batches: SequenceBatchSequence) throws -> [SequenceBatch] {
    var all: [SequenceBatch] = []
    while let batch = try batches.next() { all.append(batch) }
    return all
  }

  /// All that a batch holds.
  private func contents(_ batches: [SequenceBatch]) throws -> [[[Int32]]] {
    try batches.map { batch in
      [
        [Int32(batch.epoch), Int32(batch.index)], batch.exampleIndices.map { Int32($0) },
        batch.users.map { Int32($0) }, try batch.items.scalars(), try batch.lengths.scalars(),
        try batch.targets.scalars(), try batch.negatives?.scalars() ?? [],
      ]
    }
  }

  @Test func aBatchHoldsTheMostRecentItems() throws {
    // User 0 has the items 1…6 and the training examples 1 → 2, 1 2 → 3, 1 2 3 → 4; user 4 six of them.
    let loader = try loader(batchSize: 6, shuffles: false, drawsNegatives: false)
    let batches = try all(loader.batches(epoch: 0))
    #expect(loader.batchCount == 2)
    #expect(batches.map(\.count) == [6, 6])
    #expect(batches[0].users == [0, 0, 0, 2, 3, 4])
    #expect(batches[0].items.shape == [6, 3])
    let rows: [[Int32]] = [[1, 0, 0], [1, 2, 0], [1, 2, 3], [1, 0, 0], [1, 0, 0], [1, 0, 0]]
    #expect(try batches[0].items.scalars(Int32.self) == rows.flatMap { $0 })
    #expect(try batches[0].lengths.scalars(Int32.self) == [1, 2, 3, 1, 1, 1])
    #expect(try batches[0].targets.scalars(Int32.self) == [2, 3, 4, 2, 2, 2])
    #expect(batches[0].negatives == nil)
    let last: [[Int32]] = [[1, 2, 0], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [1, 0, 0]]
    #expect(batches[1].users == [4, 4, 4, 4, 4, 5])
    #expect(try batches[1].items.scalars(Int32.self) == last.flatMap { $0 })
    #expect(try batches[1].lengths.scalars(Int32.self) == [2, 3, 3, 3, 3, 1])
    #expect(try batches[1].targets.scalars(Int32.self) == [3, 4, 5, 6, 7, 2])
  }

  @Test func everyExampleComesOnceInEachEpoch() throws {
    let loader = try loader(batchSize: 5)
    for epoch in 0..<3 {
      let batches = try all(loader.batches(epoch: epoch))
      #expect(batches.map(\.count) == [5, 5, 2])
      #expect(batches.map(\.index) == [0, 1, 2])
      #expect(batches.flatMap(\.exampleIndices).sorted() == Array(0..<12))
      for batch in batches {
        #expect(batch.users == batch.exampleIndices.map { split.training[$0].user })
      }
    }
  }

  @Test func ordersFollowFromSeedAndEpochAlone() throws {
    let first = try contents(all(loader().batches(epoch: 1)))
    #expect(try contents(all(loader().batches(epoch: 1))) == first)
    #expect(try contents(all(loader().batches(epoch: 2))) != first)
    #expect(try contents(all(loader(seed: 6).batches(epoch: 1))) != first)
    func order(_ epoch: Int) throws -> [Int] {
      try all(loader().batches(epoch: epoch)).flatMap(\.exampleIndices)
    }
    #expect(Set(try (0..<4).map(order)).count == 4)
    #expect(try loader(shuffles: false).batches(epoch: 1).next()?.exampleIndices == [0, 1, 2, 3])
  }

  @Test func anEpochGoesOnWhereItWasLeft() throws {
    let loader = try loader()
    let whole = try contents(all(loader.batches(epoch: 3)))
    #expect(whole.count == 3)
    for start in 0...3 {
      #expect(try contents(all(loader.batches(epoch: 3, startingAt: start))) == Array(whole[start...]))
    }
    #expect(try all(loader.batches(epoch: 3, startingAt: 9)).isEmpty)
  }

  @Test func negativesBelongToTheExampleWhereverItComes() throws {
    func negatives(batchSize: Int, shuffles: Bool) throws -> [Int: Int32] {
      var found: [Int: Int32] = [:]
      for batch in try all(loader(batchSize: batchSize, shuffles: shuffles).batches(epoch: 4)) {
        let drawn: [Int32] = try #require(batch.negatives).scalars()
        for (example, item) in zip(batch.exampleIndices, drawn) { found[example] = item }
      }
      return found
    }
    let first = try negatives(batchSize: 4, shuffles: true)
    #expect(first.count == 12)
    #expect(try negatives(batchSize: 5, shuffles: false) == first)
  }

  @Test func negativesAreEquallyLikelyAmongUnseenItems() throws {
    let loader = try loader(batchSize: 12)
    var counts = [Int: [Int]](
      uniqueKeysWithValues: [0, 2, 3, 4, 5].map { ($0, Array(repeating: 0, count: 10)) })
    let epochs = 2000
    for epoch in 0..<epochs {
      let batch = try #require(try loader.batches(epoch: epoch).next())
      for (user, item) in zip(batch.users, try #require(batch.negatives).scalars(Int32.self)) {
        counts[user]?[Int(item)] += 1
      }
    }
    // In training, user 0 acted on the items 1…4, users 2, 3 and 5 on 1 and 2, user 4 on 1…7, of 9.
    for (user, seen, examples) in [(0, 4, 3), (2, 2, 1), (3, 2, 1), (4, 7, 6), (5, 2, 1)] {
      let own = try #require(counts[user])
      #expect(own[0...seen].allSatisfy { $0 == 0 })
      let expected = Double(epochs * examples) / Double(9 - seen)
      for count in own[(seen + 1)...] { #expect(abs(Double(count) - expected) < 5 * expected.squareRoot()) }
    }
  }

  @Test func theLastItemThatIsLeftIsFound() throws {
    // With one of a thousand left, draws alone would seldom meet it.
    for left: Int32 in [1, 500, 1000] {
      let sampling = NegativeSampling(seed: 1, itemCount: 1000)
      let items = (1...1000).filter { $0 != left }.shuffled()
      for example in 0..<20 {
        #expect(sampling.draw(epoch: 0, example: example, avoiding: items[...] + items[..<10]) == left)
      }
    }
    let few = NegativeSampling(seed: 1, itemCount: 400)
    let drawn = (0..<300).map { few.draw(epoch: 1, example: $0, avoiding: Array(3...399)[...]) }
    #expect(Set(drawn) == [1, 2, 400])
  }

  @Test func usersWhoKnowEverythingAreNamedWhereNegativesAreDrawn() throws {
    // User 0 acts on all three items in training; the others leave one.
    let data = try SequenceDataset(.ofLengths([3, 2]))
    let log = try InteractionLog(
      users: ["all", "two"], items: ["x", "y", "z"],
      interactions: [0, 1, 2, 0, 1].enumerated().map { .init(user: 0, item: $1, time: Double($0)) } + [
        .init(user: 1, item: 0, time: 0), .init(user: 1, item: 1, time: 1),
      ])
    let everything = try SequenceDataset(log)
    func error(_ data: SequenceDataset, drawsNegatives: Bool) -> String {
      datasetErrorText {
        try SequenceLoader(
          data, LeaveOneOutSplit(data).training, maximumLength: 3, batchSize: 2,
          drawsNegatives: drawsNegatives)
      }
    }
    #expect(error(data, drawsNegatives: true) == "no error")
    #expect(error(everything, drawsNegatives: false) == "no error")
    #expect(error(everything, drawsNegatives: true).contains("user \"all\" acted on all 3 items"))
  }

  @Test func argumentsAreChecked() throws {
    func error(maximumLength: Int = 1, batchSize: Int = 1, _ examples: SequenceExamples) -> String {
      datasetErrorText {
        try SequenceLoader(data, examples, maximumLength: maximumLength, batchSize: batchSize)
      }
    }
    #expect(error(split.training) == "no error")
    #expect(error(SequenceExamples()).contains("expected examples, got none"))
    #expect(error(maximumLength: 0, split.test).contains("maximum length of 1 or more, got 0"))
    #expect(error(batchSize: -1, split.test).contains("batch size of 1 or more, got -1"))
    let others = try LeaveOneOutSplit(SequenceDataset(.ofLengths([7, 7])))
    #expect(error(others.test).contains("those of another"))
  }

  @Test func historiesArePackedAsInBatches() throws {
    let input = try SequenceInput([[7], [1, 2, 3, 4, 5], [8, 9]], maximumLength: 3)
    #expect(input.items.shape == [3, 3])
    #expect(try input.items.scalars(Int32.self) == [7, 0, 0, 3, 4, 5, 8, 9, 0])
    #expect(try input.lengths.scalars(Int32.self) == [1, 3, 2])
    #expect(
      datasetErrorText { try SequenceInput([[1], []], maximumLength: 3) }.contains("history 1: expected"))
    #expect(datasetErrorText { try SequenceInput([], maximumLength: 3) }.contains("got none"))
    #expect(datasetErrorText { try SequenceInput([[1]], maximumLength: 0) }.contains("got 0"))
  }
}

@Suite struct InteractionFilmTests {
  @Test(.enabled(if: FilmData.isPresent, "needs ../shared/data/ml-100k.inter"))
  func filmsAreReadAndParted() throws {
    let log = try InteractionLog(contentsOf: FilmData.file)
    #expect(log.count == 100_000)
    #expect(log.times.count == 100_000)
    let data = try SequenceDataset(log)
    #expect(data.userCount == 943)
    #expect(data.itemCount == 1682)
    #expect(data.userNames.prefix(3) == ["196", "186", "22"])
    // Everyone has at least 20, so that each gives two away and the first of all is never a target.
    let split = try LeaveOneOutSplit(data)
    #expect(split.training.count == 100_000 - 3 * 943)
    #expect(split.validation.count == 943)
    #expect(split.test.count == 943)
    #expect(split.usersWithoutExamples == 0)
    let core = try log.keepingCore(minimumUser: 5, minimumItem: 5)
    #expect(core.users.count == 943)
    #expect(core.items.count == 1349)
    #expect(core.count == 99_287)
  }
}
