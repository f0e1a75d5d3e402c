extension OperationRow {
  /// The table: every operation that the library has.
  static let all: [OperationRow] = movement + pooling + upsampling + normalization
}
