import Martlet

/// Histories as a model takes them: the most recent items of each, the oldest first, and after them the padding 0.
public struct SequenceInput: Sendable {
  /// Items, int32 [N, L].
  public let items: Tensor
  /// The number of items that are no padding, int32 [N], each from 1 to L.
  public let lengths: Tensor

  /// - Parameters:
  ///   - histories: N histories of any length from 1 on, as numbers of items from 1 on, oldest first.
  ///   - maximumLength: L. Of a longer history the most recent items are kept.
  /// - Throws: ``MartletError`` for an empty history, no histories at all, or a maximum below 1.
  public init(_ histories: [ArraySlice<Int32>], maximumLength: Int) throws {
    try require(
      maximumLength >= 1, "sequences", "expected a maximum length of 1 or more, got \(maximumLength)")
    try require(!histories.isEmpty, "sequences", "expected histories, got none")
    for (row, history) in histories.enumerated() where history.isEmpty {
      throw MartletError("sequences", "history \(row): expected at least one item, got none")
    }
    items = try Tensor(type: TensorType([histories.count, maximumLength], .int32)) {
      (elements: UnsafeMutableBufferPointer<Int32>) in
      elements.initialize(repeating: 0)
      for (row, history) in histories.enumerated() {
        let start = row * maximumLength
        for (column, item) in history.suffix(maximumLength).enumerated() { elements[start + column] = item }
      }
    }
    lengths = try Tensor(
      shape: [histories.count], scalars: histories.map { Int32(min($0.count, maximumLength)) })
  }
}
