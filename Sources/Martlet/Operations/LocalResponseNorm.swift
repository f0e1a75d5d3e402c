extension Tensor {
  /// Local response normalisation (Krizhevsky, Sutskever and Hinton, 2012): every element over
  /// (bias + alpha / size · Σ x²)^beta, the sum going over `size` channels around its own. ONNX's LRN; for an odd size
  /// `torch.nn.functional.local_response_norm`.
  ///
  /// - Returns: [N, C, space…], row-major.
  public func localResponseNorm(
    size: Int, alpha: Double = 1e-4, beta: Double = 0.75, bias: Double = 1
  ) throws -> Tensor {
    try require(
      rank >= 2 && (1...(1 << 24)).contains(size), "local_response_norm",
      "expected an input [N, C, …] and a size of 1 or more, got \(type) and \(size)")
    // Channels become the rows of an image of one channel, whose layouts are one.
    let x = try converted(to: .rowMajor)
    let image = try x.square()
      .reshaped(to: [shape[0], 1, shape[1], shape[2...].reduce(1, *)]).converted(to: .channelsLast)
    let window = PoolingWindow(
      kernel: [size, 1], stride: [1, 1], paddingBefore: [(size - 1) / 2, 0], paddingAfter: [size / 2, 0],
      dilation: [1, 1], ceilMode: false)
    let sums = try Tensor.apply(AveragePool(window, divisor: .one), [image])[0]
    return try x / (sums.reshaped(to: shape) * (alpha / Double(size)) + bias).power(beta)
  }
}
