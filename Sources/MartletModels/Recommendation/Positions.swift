import Martlet

extension Tensor {
  /// One position of each sequence: [N, 1, H] of this [N, L, H] and int32 [N] numbers of positions, from 1.
  ///
  /// - Throws: ``MartletError`` when it runs, for a number out of range.
  func position(_ numbers: Tensor) throws -> Tensor {
    let (batch, length, size) = (shape[0], shape[1], shape[2])
    try require(
      numbers.shape == [batch] && numbers.scalar == .int32, "position",
      "expected int32[\(batch)] positions, got \(numbers.type)")
    let starts = try Tensor(shape: [batch], scalars: (0..<batch).map { Int32($0 * length - 1) })
    return try reshaped(to: [batch * length, size]).embedding(starts + numbers).reshaped(to: [batch, 1, size])
  }
}
