import Martlet

/// A sequence model in which an item sees only what came before it, so that going through a history once says what comes
/// after each of its items.
public protocol CausalSequenceModel: SequenceModel {
  /// What each beginning of a history comes to.
  ///
  /// - Parameter items: int32 [N, L] with L = ``SequenceModel/maximumLength``: the items in order, filled up with 0.
  /// - Returns: [N, L, H]: at each position what ``SequenceModel/represent(items:lengths:)`` gives of the items up to it.
  ///   Behind the last item it means nothing.
  func representAll(items: Tensor) throws -> Tensor
}

extension CausalSequenceModel {
  /// Cross-entropy over all items, item 0 among them, of what came after each item: the mean over these, shape [].
  ///
  /// - Parameters:
  ///   - items: int32 [N, L].
  ///   - targets: int32 [N, L]: what came after each item; 0 takes no part.
  public func crossEntropyLoss(items: Tensor, targets: Tensor) throws -> Tensor {
    let representations = try representAll(items: items)
    let (count, size) = (items.elementCount, representations.shape[2])
    return try Loss.crossEntropy(
      scores(representations.reshaped(to: [count, size])), targets.reshaped(to: [count]), ignoredIndex: 0)
  }
}
