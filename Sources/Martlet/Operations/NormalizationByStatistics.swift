#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Normalisations that are put together from reductions.
extension Tensor {
  /// Root-mean-square normalisation (Zhang and Sennrich, 2019) over the last axes: x / √(mean x² + ε) · weight, as
  /// `torch.nn.functional.rms_norm`.
  ///
  /// - Parameters:
  ///   - axes: How many axes from the last on.
  ///   - weight: Of the shape of those axes; ones unless given.
  public func rmsNorm(axes: Int = 1, weight: Tensor? = nil, epsilon: Double = 1e-5) throws -> Tensor {
    try require(
      (1...Swift.max(rank, 1)).contains(axes) && rank > 0, "rms_norm",
      "expected 1 to \(rank) axes, got \(axes) (\(type))")
    let squares = try square().mean(axes: Array(rank - axes..<rank), keepDimensions: true)
    let normalized = try self * (squares + epsilon).power(-0.5)
    return try weight.map { try normalized * $0 } ?? normalized
  }

  /// The distance from the mean over some axes, over the standard deviation there and ε: ONNX's
  /// MeanVarianceNormalization.
  public func meanVarianceNormalized(axes: [Int], epsilon: Double = 1e-9) throws -> Tensor {
    let centered = try self - mean(axes: axes, keepDimensions: true)
    let deviation = try centered.square().mean(axes: axes, keepDimensions: true).flatRoot()
    return try centered / (deviation + epsilon)
  }

  /// Every element over (Σ |x|^p)^(1/p) along an axis, or over ε where that is less:
  /// `torch.nn.functional.normalize`.
  public func lpNormalized(_ p: Double = 2, axis: Int = -1, epsilon: Double = 1e-12) throws -> Tensor {
    try require(p > 0 && p.isFinite, "normalize", "expected a positive p, got \(p)")
    let axis = try checkedAxis(axis, "normalize")
    let sums = try abs().power(p).sum(axes: [axis], keepDimensions: true)
    // Before the root, whose slope is infinite where nothing is.
    let least = Swift.max(pow(epsilon, p), scalar == .float64 ? 1e-300 : 1e-37)
    return try self / sums.clamp(min: least).power(1 / p)
  }
}
