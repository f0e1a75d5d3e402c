/// How a convolution's first parameters are drawn.
public enum WeightInitialization: Hashable, Sendable {
  /// PyTorch's own for convolutions: weight and bias uniform within 1/√fan-in.
  case standard
  /// Uniform within √(6/fan-in): `kaiming_uniform_(mode="fan_in", nonlinearity="relu")` (He et al., 2015). No bias.
  case kaimingUniform
  /// Normal with the variance 2/fan-out: `kaiming_normal_(mode="fan_out", nonlinearity="relu")`. No bias.
  case kaimingNormal
  /// Uniform within √(6/(fan-in + fan-out)): `xavier_uniform_` (Glorot and Bengio, 2010). No bias.
  case xavierUniform

  /// - Parameter shape: [outputs, inputs / groups, kernel…]; PyTorch counts the fans of this shape, whatever the groups.
  /// - Throws: ``MartletError`` for a shape that no machine has memory for.
  func weight(_ shape: [Int]) throws -> Tensor {
    try require(
      shape.reduce(1) { $0 * Double($1) } < 0x1p45, "convolution",
      "expected weights that fit into memory, got \(shape)")
    let window = shape.dropFirst(2).reduce(1, *)
    let fanIn = Double(shape[1] * window)
    let fanOut = Double(shape[0] * window)
    let initializer = Initializer.current
    switch self {
    case .standard: return try initializer.uniform(shape, bound: 1 / fanIn.squareRoot())
    case .kaimingUniform: return try initializer.uniform(shape, bound: (6 / fanIn).squareRoot())
    case .kaimingNormal:
      return try initializer.normal(shape, standardDeviation: (2 / fanOut).squareRoot())
    case .xavierUniform: return try initializer.uniform(shape, bound: (6 / (fanIn + fanOut)).squareRoot())
    }
  }

  func bias(_ count: Int, weight shape: [Int]) throws -> Tensor {
    guard self == .standard else { return try .zeros([count]) }
    let fanIn = Double(shape.dropFirst().reduce(1, *))
    return try Initializer.current.uniform([count], bound: 1 / fanIn.squareRoot())
  }
}
