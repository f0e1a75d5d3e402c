/// A table of vectors looked up by index: weight [count, size].
public final class Embedding: Module {
  /// [count, size], float32: normally distributed at first, with mean 0 and standard deviation 1, as in PyTorch.
  public let weight: Parameter
  /// An index whose vector starts at zero and gets no gradient.
  public let paddingIndex: Int?

  /// - Parameters:
  ///   - count: Rows of the table; indices go from 0 to count − 1.
  ///   - size: Elements of a row.
  ///   - paddingIndex: From 0 to count − 1; PyTorch's `padding_idx`, but not counted from the end.
  /// - Throws: ``MartletError`` for a table without elements, or a padding index that is none of its rows.
  public init(count: Int, size: Int, paddingIndex: Int? = nil) throws {
    try require(count > 0 && size > 0, "embedding", "expected a table of 1×1 or more, got \(count)×\(size)")
    try require(
      paddingIndex.map { (0..<count).contains($0) } ?? true, "embedding",
      "expected a padding index below \(count), got \(paddingIndex ?? 0)")
    var table = try Initializer.current.normal([count, size])
    if let paddingIndex {
      let keep = (0..<count).map { Float($0 == paddingIndex ? 0 : 1) }
      table = try table * Tensor(shape: [count, 1], scalars: keep)
    }
    weight = try Parameter(table, isLookedUp: true)
    self.paddingIndex = paddingIndex
  }

  /// - Parameter indices: int64 or int32, any shape.
  /// - Returns: The indices' shape with the vectors' size behind it.
  /// - Throws: ``MartletError`` when an index is out of range.
  public func callAsFunction(_ indices: Tensor) throws -> Tensor {
    try scoped { try weight.value.embedding(indices, paddingIndex: paddingIndex) }
  }
}
