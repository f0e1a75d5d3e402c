/// max(x, 0)
public final class ReLU: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.relu() }
}

/// x where x > 0, else slope · x.
public final class LeakyReLU: Layer {
  /// What elements that are not above 0 are multiplied by: 0.01 unless given, as in PyTorch.
  public let slope: Double
  public init(slope: Double = 0.01) { self.slope = slope }
  public func forward(_ input: Tensor) throws -> Tensor { try input.leakyReLU(slope: slope) }
}

/// x · Φ(x), Φ being the normal distribution's cumulative function (Hendrycks and Gimpel 2016).
public final class GELU: Layer {
  /// How Φ is computed: by the error function unless told otherwise.
  public let approximation: Tensor.GELUApproximation
  public init(approximation: Tensor.GELUApproximation = .none) { self.approximation = approximation }
  public func forward(_ input: Tensor) throws -> Tensor { try input.gelu(approximation: approximation) }
}

/// x · sigmoid(x)
public final class SiLU: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.silu() }
}

/// x · (x + 3) / 6, the fraction kept within 0 and 1.
public final class HardSwish: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.hardSwish() }
}

/// (x + 3) / 6, kept within 0 and 1.
public final class HardSigmoid: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.hardSigmoid() }
}

/// max(x, 0), 6 at most.
public final class ReLU6: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.relu6() }
}

/// 1 / (1 + e to the power −x)
public final class Sigmoid: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.sigmoid() }
}

/// The hyperbolic tangent.
public final class Tanh: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.tanh() }
}

/// Exponentials over their sum along an axis; negative axes count from the end.
public final class Softmax: Layer {
  /// The axis along which results add up to 1.
  public let axis: Int
  public init(axis: Int) { self.axis = axis }
  public func forward(_ input: Tensor) throws -> Tensor { try input.softmax(axis: axis) }
}
