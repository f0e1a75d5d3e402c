extension OperationRow {
  /// The table: every operation that the library has.
  static let all: [OperationRow] = [
    convolution, matmul, elementwise, reduction, softmax, loss,
    movement, pooling, upsampling, normalization,
  ].flatMap { $0 }
}
