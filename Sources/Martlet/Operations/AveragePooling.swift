extension Tensor {
  /// The average of every window, as `torch.nn.functional.avg_pool1d` to `3d`.
  ///
  /// - Parameters:
  ///   - kernel: The window's size, one value for all space axes or one for each.
  ///   - stride: How far it moves; by its own size unless given.
  ///   - padding: Zeros beyond each edge.
  ///   - paddingAfter: Those after the last element, where they are others than before the first.
  ///   - countIncludePad: Whether those zeros count in the divisor.
  /// - Returns: [N, C, space…], channels last.
  public func averagePooled(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], paddingAfter: [Int]? = nil,
    dilation: [Int] = [1], ceilMode: Bool = false, countIncludePad: Bool = true
  ) throws -> Tensor {
    let window = try PoolingWindow(
      axes: rank - 2, kernel: kernel, stride: stride, padding: padding, paddingAfter: paddingAfter,
      dilation: dilation, ceilMode: ceilMode, "avg_pool")
    return try Tensor.apply(
      AveragePool(window, divisor: countIncludePad ? .paddedInput : .input), [converted(to: .channelsLast)])[
        0]
  }

  /// (Σ |x|^p)^(1/p) over every window, ONNX's LpPool. Padding counts as 0.
  ///
  /// - Throws: ``MartletError`` unless p is positive.
  public func lpPooled(
    _ p: Double, kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], paddingAfter: [Int]? = nil,
    dilation: [Int] = [1], ceilMode: Bool = false
  ) throws -> Tensor {
    try require(p > 0 && p.isFinite, "lp_pool", "expected a positive p, got \(p)")
    let window = try PoolingWindow(
      axes: rank - 2, kernel: kernel, stride: stride, padding: padding, paddingAfter: paddingAfter,
      dilation: dilation, ceilMode: ceilMode, "lp_pool")
    let powers = try abs().power(p).converted(to: .channelsLast)
    return try Tensor.apply(AveragePool(window, divisor: .one), [powers])[0].power(1 / p)
  }

  /// The average over all of space: [N, C, 1…].
  public func globalAveragePooled() throws -> Tensor {
    try Tensor.apply(GlobalAveragePool(), [converted(to: .channelsLast)])[0]
  }

  /// (Σ |x|^p)^(1/p) over all of space: [N, C, 1…].
  public func globalLpPooled(_ p: Double = 2) throws -> Tensor {
    try require(p > 0 && p.isFinite, "lp_pool", "expected a positive p, got \(p)")
    try require(rank >= 3, "lp_pool", "expected an input [N, C, …], got \(type)")
    return try abs().power(p).sum(axes: Array(2..<rank), keepDimensions: true).power(1 / p)
  }
}
