import Martlet

extension Tensor {
  /// While training, zeroes all elements that share their place along the first axes with a probability, and scales the
  /// others so that the expectation stays: whole images with 1 axis ("stochastic depth"), whole channels with 2
  /// (`Dropout2d`).
  func droppedWhole(axes: Int, probability: Double) throws -> Tensor {
    guard Mode.current == .training, probability > 0 else { return self }
    let ones = try Tensor.full(
      1, TensorType(shape.prefix(axes) + [Int](repeating: 1, count: rank - axes), scalar))
    return try self * ones.dropout(probability: probability, stream: makeRandomStream(for: "dropout"))
  }
}
