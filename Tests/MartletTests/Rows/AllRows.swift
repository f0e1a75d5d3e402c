extension OperationRow {
  /// The table: every operation that the library has.
  static let all: [OperationRow] = [
    elementwise, reduction, softmax, loss, losses,
    movement, pooling, upsampling, normalization, convolution, matmul, attention,
  ].flatMap { $0 }
}
