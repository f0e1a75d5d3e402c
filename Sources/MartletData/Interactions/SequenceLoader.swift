import Martlet

/// Makes batches of examples of users' sequences.
///
/// What a batch holds follows from the seed, the epoch and the batch's position, and from nothing that ran before: a
/// run that was stopped goes on with `batches(epoch:startingAt:)`.
///
/// ```swift
/// let split = try LeaveOneOutSplit(dataset)
/// let loader = try SequenceLoader(
///   dataset, split.training, maximumLength: 200, batchSize: 256, seed: 1, shuffles: true)
/// let batches = loader.batches(epoch: 0)
/// while let batch = try batches.next() { … }
/// ```
public struct SequenceLoader: Sendable {
  /// The sequences that examples are of.
  public let dataset: SequenceDataset
  /// What batches are made of.
  public let examples: SequenceExamples
  /// L: the number of items that a history is cut or filled up to.
  public let maximumLength: Int
  /// Examples of each batch but the last, which may have fewer.
  public let batchSize: Int
  /// What the orders and the negatives follow from.
  public let seed: UInt64
  /// Whether each epoch has an order of its own. Otherwise it is that of the examples.
  public let shuffles: Bool
  /// Whether batches have ``SequenceBatch/negatives``.
  public let drawsNegatives: Bool

  /// - Parameters:
  ///   - dataset: The sequences.
  ///   - examples: Examples of the dataset, such as ``LeaveOneOutSplit/training``.
  ///   - maximumLength: L, the number of items that a history is cut or filled up to.
  ///   - batchSize: Examples of each batch but the last, which may have fewer.
  ///   - seed: What the orders and the negatives follow from.
  ///   - shuffles: Whether each epoch has an order of its own. Otherwise it is that of the examples.
  ///   - drawsNegatives: Whether a batch holds an item for each example that its user did not act on as far as these
  ///     examples tell: neither in a history nor as a target. Each such item has the same chance.
  /// - Throws: ``MartletError`` naming the argument that cannot be meant, or a user who acted on all items where
  ///   negatives are to be drawn.
  public init(
    _ dataset: SequenceDataset, _ examples: SequenceExamples, maximumLength: Int, batchSize: Int,
    seed: UInt64 = 0, shuffles: Bool = false, drawsNegatives: Bool = false
  ) throws {
    try require(!examples.isEmpty, "loader", "expected examples, got none")
    try require(maximumLength > 0, "loader", "expected a maximum length of 1 or more, got \(maximumLength)")
    try require(batchSize > 0, "loader", "expected a batch size of 1 or more, got \(batchSize)")
    try examples.check(belongTo: dataset, "loader")
    if drawsNegatives {
      for (user, ends) in examples.endsByUser {
        let items = dataset.sequence(of: user).prefix(ends.upperBound)
        try require(
          items.count < dataset.itemCount || Set(items).count < dataset.itemCount, "loader",
          "user \"\(dataset.userNames[user])\" acted on all \(dataset.itemCount) items, which leaves none to draw "
            + "as a negative; leave the user out, or train with a loss that needs no negatives")
      }
    }
    self.dataset = dataset
    self.examples = examples
    self.maximumLength = maximumLength
    self.batchSize = batchSize
    self.seed = seed
    self.shuffles = shuffles
    self.drawsNegatives = drawsNegatives
  }

  /// Batches of each epoch.
  public var batchCount: Int { (examples.count - 1) / batchSize + 1 }

  /// An epoch's batches from a position on, each made when it is asked for.
  public func batches(epoch: Int, startingAt start: Int = 0) -> SequenceBatchSequence {
    let order: [UInt32]? = shuffles ? EpochOrder.shuffled(examples.count, seed: seed, epoch: epoch) : nil
    let loader = self
    // A batch takes less time than waking a thread for it.
    return SequenceBatchSequence(
      Prefetcher(
        range: min(max(start, 0), batchCount)..<batchCount, depth: 0, threadCount: 0
      ) { index, _ in
        let places = index * loader.batchSize..<min((index + 1) * loader.batchSize, loader.examples.count)
        return try loader.batch(
          places.map { place in order.map { Int($0[place]) } ?? place }, epoch: epoch, index: index)
      })
  }

  private func batch(_ indices: [Int], epoch: Int, index: Int) throws -> SequenceBatch {
    let chosen = indices.map { examples[$0] }
    let sequences = chosen.map { dataset.sequence(of: $0.user) }
    let input = try SequenceInput(
      zip(chosen, sequences).map { $1.prefix($0.end) }, maximumLength: maximumLength)
    let targets = zip(chosen, sequences).map { $1[$1.startIndex + $0.end] }
    return SequenceBatch(
      epoch: epoch, index: index, exampleIndices: indices, users: chosen.map(\.user), items: input.items,
      lengths: input.lengths, targets: try Tensor(shape: [indices.count], scalars: targets),
      negatives: drawsNegatives ? try negatives(indices, sequences, epoch) : nil)
  }

  private func negatives(
    _ indices: [Int], _ sequences: [ArraySlice<Int32>], _ epoch: Int
  ) throws -> Tensor {
    let sampling = NegativeSampling(seed: seed, itemCount: dataset.itemCount)
    let drawn = zip(indices, sequences).map { example, sequence in
      sampling.draw(
        epoch: epoch, example: example,
        avoiding: sequence.prefix(examples.ends(ofUserAt: example).upperBound))
    }
    return try Tensor(shape: [indices.count], scalars: drawn)
  }
}

extension SequenceExamples {
  /// - Throws: ``MartletError`` where there is no such user, or not as many items.
  func check(belongTo dataset: SequenceDataset, _ operation: String) throws {
    for (user, ends) in endsByUser {
      try require(
        user < dataset.userCount && ends.upperBound <= dataset.length(of: user), operation,
        "expected examples of the dataset, got those of another")
    }
  }
}
