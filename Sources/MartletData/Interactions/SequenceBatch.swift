import Martlet

/// Examples for one step: N histories and the item that came after each.
public struct SequenceBatch: Sendable {
  /// The epoch that the batch is of, as it was asked for.
  public let epoch: Int
  /// The batch's position in its epoch.
  public let index: Int
  /// Where the examples are in the loader's examples.
  public let exampleIndices: [Int]
  /// The user of each example.
  public let users: [Int]
  /// The most recent items of each history, oldest first and 0 after the last, int32 [N, L].
  public let items: Tensor
  /// The number of items of each history that are no padding, int32 [N], from 1 to L.
  public let lengths: Tensor
  /// The item that came after each history, int32 [N].
  public let targets: Tensor
  /// An item for each example that its user did not act on, int32 [N], where the loader draws them.
  public let negatives: Tensor?

  /// The number of examples, N.
  public var count: Int { users.count }
}

/// The batches of an epoch, in order.
public final class SequenceBatchSequence: Sendable {
  private let prefetcher: Prefetcher<SequenceBatch>

  init(_ prefetcher: Prefetcher<SequenceBatch>) { self.prefetcher = prefetcher }

  /// The next batch; `nil` at the end of the epoch.
  ///
  /// - Throws: ``MartletError`` where there is no memory for a batch.
  public func next() throws -> SequenceBatch? { try prefetcher.next() }
}
