/// Products that are put together from ``MatMulOperation``.
extension Tensor {
  /// alpha · a · b + beta · c with either matrix transposed, as BLAS's and ONNX's Gemm.
  ///
  /// - Parameters:
  ///   - other: b.
  ///   - addend: c, which broadcasts to the result; nil for none.
  public func gemm(
    _ other: Tensor, adding addend: Tensor? = nil, alpha: Double = 1, beta: Double = 1,
    transposesA: Bool = false, transposesB: Bool = false
  ) throws -> Tensor {
    try require(
      rank == 2 && other.rank == 2, "gemm", "expected two matrices, got \(type) and \(other.type)")
    let operation = MatMulOperation(transposesA: transposesA, transposesB: transposesB)
    let columns = other.shape[transposesB ? 0 : 1]
    // A row that is added to all is the product's own bias.
    if let addend, alpha == 1, beta == 1, addend.shape == [columns] || addend.shape == [1, columns] {
      return try Tensor.apply(operation, [self, other, addend.reshaped(to: [columns])])[0]
    }
    let product = try Tensor.apply(operation, [self, other])[0]
    let scaled = alpha == 1 ? product : try product * alpha
    guard let addend else { return scaled }
    let sum = try scaled + (beta == 1 ? addend : addend * beta)
    try require(
      sum.shape == scaled.shape, "gemm",
      "expected an addend that broadcasts to \(scaled.shape), got \(addend.type)")
    return sum
  }

  /// The matrix product of integers less their zero points, exact, as int32: ONNX's MatMulInteger.
  ///
  /// - Parameters:
  ///   - zeroPoint: What stands for 0 here; it broadcasts. So does the other's.
  /// - Throws: ``MartletError`` unless both are integers.
  public func integerMatmul(
    _ other: Tensor, zeroPoint: Tensor? = nil, otherZeroPoint: Tensor? = nil
  ) throws -> Tensor {
    // Products of 8 or 16 bits are exact in double, as many as memory holds.
    func centered(_ tensor: Tensor, _ zero: Tensor?) throws -> Tensor {
      try require(
        !tensor.scalar.isFloatingPoint && tensor.scalar != .bool, "matmul_integer",
        "expected integers, got \(tensor.type)")
      let wide = try tensor.cast(to: .float64)
      return try zero.map { try wide - $0.cast(to: .float64) } ?? wide
    }
    return try centered(self, zeroPoint).matmul(centered(other, otherZeroPoint)).cast(to: .int32)
  }
}
