import MartletKernels

extension Tensor {
  /// max(x, 0); its gradient at 0 is 0. What is not a number stays so.
  public func relu() throws -> Tensor { try mapped(.relu) }
  /// x where x > 0, else slope · x.
  public func leakyReLU(slope: Double = 0.01) throws -> Tensor { try mapped(.leakyReLU(slope: slope)) }

  /// How ``gelu(approximation:)`` computes Φ.
  public enum GELUApproximation: Hashable, Sendable {
    /// With the error function.
    case none
    /// ½ (1 + tanh(√(2/π) · (x + 0.044715 x³)))
    case tanh
  }

  /// The Gaussian error linear unit x · Φ(x) (Hendrycks and Gimpel, 2016).
  public func gelu(approximation: GELUApproximation = .none) throws -> Tensor {
    try mapped(approximation == .none ? .gelu : .geluTanh)
  }

  /// x · sigmoid(x), also called swish.
  public func silu() throws -> Tensor { try mapped(.silu) }
  /// x · hardSigmoid(x) (Howard et al., "Searching for MobileNetV3", 2019).
  public func hardSwish() throws -> Tensor { try mapped(.hardSwish) }
  /// (x + 3) / 6, kept within 0 and 1.
  public func hardSigmoid() throws -> Tensor { try mapped(.hardSigmoid) }
  /// 1 / (1 + e to the power −x)
  public func sigmoid() throws -> Tensor { try mapped(.sigmoid) }
  /// The hyperbolic tangent.
  public func tanh() throws -> Tensor { try mapped(.tanh) }
  /// log(1 + e to the power x), a smooth max(x, 0).
  public func softplus() throws -> Tensor { try mapped(.softplus) }
  /// x / (1 + |x|)
  public func softsign() throws -> Tensor { try mapped(.softsign) }
  /// x · tanh(softplus(x)) (Misra, 2019).
  public func mish() throws -> Tensor { try mapped(.mish) }

  /// x above 0, slope · (e to the power x − 1) below (Clevert et al., "ELU", 2015).
  public func elu(slope: Double = 1) throws -> Tensor { try mapped(.elu(slope: slope, rate: 1)) }
  /// ELU that keeps its slope at 0: below, width · (e to the power x / width − 1) (Barron, "CELU", 2017).
  public func celu(width: Double = 1) throws -> Tensor {
    try require(width != 0, "celu", "expected a width that is not 0")
    return try mapped(.elu(slope: width, rate: 1 / width))
  }
  /// scale · ELU, by default with the numbers that keep mean and variance (Klambauer et al., "SELU", 2017).
  public func selu(
    slope: Double = 1.6732632423543772848, scale: Double = 1.0507009873554804934
  ) throws -> Tensor {
    try elu(slope: slope) * scale
  }

  /// Limits every element to a range; the gradient is 0 at the limits too, unlike ``clamp(min:max:)-(Double,_)``'s.
  public func hardTanh(min: Double = -1, max: Double = 1) throws -> Tensor { try mapped(.hardTanh(min, max)) }
  /// max(x, 0), 6 at most; the gradient is 0 at 0 and 6, as PyTorch's.
  public func relu6() throws -> Tensor { try hardTanh(min: 0, max: 6) }

  /// slope · x + offset, kept within 0 and 1: ONNX's HardSigmoid. Its gradient is 0 outside of that.
  public func hardSigmoid(slope: Double, offset: Double) throws -> Tensor {
    try (self * slope + offset).clamp(min: 0, max: 1)
  }
  /// x above a threshold, 0 elsewhere.
  public func thresholdedReLU(threshold: Double = 1) throws -> Tensor { try mapped(.threshold(threshold)) }
  /// x − offset above a threshold, x + offset below its opposite, 0 between them: ONNX's Shrink. With equal ones it is
  /// PyTorch's `softshrink`, without an offset its `hardshrink`.
  public func shrink(threshold: Double = 0.5, offset: Double = 0) throws -> Tensor {
    try mapped(.shrink(threshold: threshold, offset: offset))
  }

  /// x above 0, elsewhere x times a slope, which broadcasts (He et al., "PReLU", 2015).
  public func parametricReLU(slope: Tensor) throws -> Tensor { try combined(.parametricReLU, with: slope) }
}
