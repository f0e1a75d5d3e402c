/// x · weightᵀ + bias over the last dimension: weight [outputs, inputs], bias [outputs]. PyTorch's `Linear`, drawn as
/// PyTorch draws it.
public final class Linear: Layer {
  public let weight: Parameter
  public let bias: Parameter?

  public init(inputs: Int, outputs: Int, bias: Bool = true) throws {
    try require(inputs > 0 && outputs > 0, "linear", "expected 1 or more inputs and outputs, got \(inputs) and \(outputs)")
    let bound = 1 / Double(inputs).squareRoot()
    weight = try Parameter(Initializer.current.uniform([outputs, inputs], bound: bound))
    self.bias = bias ? try Parameter(Initializer.current.uniform([outputs], bound: bound)) : nil
  }

  public func forward(_ input: Tensor) throws -> Tensor { try input.linear(weight.value, bias: bias?.value) }
}
