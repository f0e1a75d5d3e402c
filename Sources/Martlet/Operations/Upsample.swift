/// How values between an image's elements are made, as the modes of `torch.nn.functional.interpolate`.
public enum UpsamplingMode: Hashable, Sendable {
  /// The element at the position rounded down, for any number of space axes. PyTorch's `nearest-exact` is another.
  case nearest
  /// For [N, C, L].
  case linear(alignCorners: Bool = false)
  /// For [N, C, H, W].
  case bilinear(alignCorners: Bool = false)
  /// For [N, C, H, W].
  case bicubic(alignCorners: Bool = false)
  /// For [N, C, D, H, W].
  case trilinear(alignCorners: Bool = false)

  /// The number of space axes that the mode is for; `nil` for any.
  var axes: Int? {
    switch self {
    case .nearest: nil
    case .linear: 1
    case .bilinear, .bicubic: 2
    case .trilinear: 3
    }
  }

  var interpolation: Interpolation {
    switch self {
    case .nearest: Interpolation(.nearest(.downInSinglePrecision), .asymmetric)
    case .linear(let align), .bilinear(let align), .trilinear(let align):
      Interpolation(.linear, align ? .alignedCorners : .halfPixel)
    case .bicubic(let align): Interpolation(.cubic(), align ? .alignedCorners : .halfPixel)
    }
  }
}

extension Tensor {
  private func checkSpace(_ mode: UpsamplingMode) throws {
    try require(
      mode.axes == nil || mode.axes == rank - 2, "upsample",
      "mode \(mode) is for \(mode.axes ?? 0) space axes, got \(type)")
  }

  /// Space resampled to a size, one value for all axes or one for each, as `torch.nn.functional.interpolate(size=)`.
  /// The result is channels last.
  public func upsampled(to size: [Int], mode: UpsamplingMode = .nearest) throws -> Tensor {
    let size = try perAxis(size, rank - 2, "the size", "upsample")
    try checkSpace(mode)
    return try resized(to: size, mode.interpolation)
  }

  /// Space resampled to a multiple of its size, rounded down, as `torch.nn.functional.interpolate(scale_factor=)`.
  /// The result is channels last.
  public func upsampled(scale: Double, mode: UpsamplingMode = .nearest) throws -> Tensor {
    try upsampled(scale: [Double](repeating: scale, count: Swift.max(rank - 2, 0)), mode: mode)
  }

  /// Space resampled to a multiple of its size, rounded down, one factor an axis.
  public func upsampled(scale: [Double], mode: UpsamplingMode = .nearest) throws -> Tensor {
    try checkSpace(mode)
    let size = try scaledSpace(scale, "upsample")
    // PyTorch copies an axis that keeps its size, whatever its scale, but when it is cubic.
    let isCubic = if case .bicubic = mode { true } else { false }
    let scales = zip(scale, zip(size, space)).map { $1.0 == $1.1 && !isCubic ? nil : $0 }
    return try resized(to: size, mode.interpolation, scale: scales)
  }
}
