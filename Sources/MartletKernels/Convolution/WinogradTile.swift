/// Outputs along each axis that a tile of a Winograd convolution makes, and the kernels that it is for: F(2×2, 3×3),
/// F(3×3, 3×3) and F(4×4, 3×3) for stride 1, F(4×4, 2×2) and F(3×3, 4×4) for stride 2.
///
/// `four` takes 4 times fewer multiplications than the definition, `three` 3.24 and `two` 2.25 times fewer; where tiles
/// reach over the edges of small images, a smaller one may take the fewest. The rounding error of `two` is up to
/// 1.7 times that of a direct sum, that of `three` 2 to 3 times, that of `four` 4 to 5 times.
///
/// `strided` is for kernels of 3×3 and 4×4 and stride 2: a convolution of stride 1 with kernels of 2×2 on the polyphase
/// components of its input (``WinogradComponents``), with 2.56 times fewer multiplications than the definition for 4×4 and
/// 1.78 for 3×3, and rounding like that of `three`, with single errors up to twice as large.
///
/// `stem` is the same for kernels of 7×7 and 8×8, as they begin many networks: the components' kernels are of 4×4 then, and
/// multiplications 3.64 and 4 times fewer. It rounds like `four`.
public enum WinogradTile: CaseIterable, Hashable, Sendable {
  case two, three, four, strided, stem

  /// Output pixels along a side.
  var outputs: Int {
    switch self {
    case .two: 2
    case .three, .stem: 3
    case .four, .strided: 4
    }
  }

  /// The kernel's taps along a side: of a component's kernel.
  var taps: Int {
    switch self {
    case .strided: 2
    case .two, .three, .four: 3
    case .stem: 4
    }
  }

  /// Products that a tile takes for each pair of channels.
  var frequencyCount: Int { edge * edge }
  /// Frequencies along an axis, and the pixels that a tile reads.
  var edge: Int { outputs + taps - 1 }

  /// Rows and columns of the input from one output pixel's window to the next one's.
  var stride: Int { self == .strided || self == .stem ? 2 : 1 }

  /// Whether there are transforms for a convolution; whether they are the fastest way is another question.
  func supports(_ shape: ConvolutionShape) -> Bool {
    guard shape.groups == 1, shape.inputChannels > 0, shape.outputChannels > 0,
      shape.stride == SpatialExtent(1, stride, stride)
    else { return false }
    let (height, width) = (shape.kernel.height, shape.kernel.width)
    guard stride > 1 else { return height == taps && width == taps }
    // A component's kernel has at most one tap less along a side than the largest one's.
    let kernels = (2 * taps - 1)...(2 * taps)
    return kernels.contains(height) && kernels.contains(width)
      && shape.paddingBefore.height >= 0 && shape.paddingBefore.width >= 0 && shape.dilation.height == 1
      && shape.dilation.width == 1
  }
}

extension WinogradTile: CustomStringConvertible {
  public var description: String {
    "F(\(outputs)×\(outputs)\(taps == 3 ? "" : ", \(taps)×\(taps)"))"
  }
}
