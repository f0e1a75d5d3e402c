import Martlet

extension Tensor {
  /// One position of each sequence: [N, 1, H] of this [N, L, H] and int32 [N] numbers of positions, from 1 to L.
  ///
  /// - Throws: ``MartletError`` when it runs, for a number out of range.
  func position(_ numbers: Tensor) throws -> Tensor {
    let (batch, size) = (shape[0], shape[2])
    try require(
      numbers.type == TensorType([batch], .int32), "position",
      "expected int32[\(batch)] positions, got \(numbers.type)")
    let indices = try (numbers - Tensor(shape: [], scalars: [Int32(1)])).reshaped(to: [batch, 1, 1])
    return try gathered(indices.broadcast(to: [batch, 1, size]), axis: 1)
  }
}
