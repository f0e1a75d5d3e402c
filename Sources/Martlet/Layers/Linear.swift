/// x · weightᵀ + bias over the last dimension: weight [outputs, inputs], bias [outputs]. PyTorch's `Linear`, drawn as
/// PyTorch draws it.
public final class Linear: Layer {
  /// [outputs, inputs], float32; uniform within 1/√inputs at first, as is the bias.
  public let weight: Parameter
  /// [outputs], float32; `nil` for a layer without one.
  public let bias: Parameter?

  /// - Throws: ``MartletError`` for inputs or outputs below 1.
  public init(inputs: Int, outputs: Int, bias: Bool = true) throws {
    try require(
      inputs > 0 && outputs > 0, "linear",
      "expected 1 or more inputs and outputs, got \(inputs) and \(outputs)")
    let bound = 1 / Double(inputs).squareRoot()
    weight = try Parameter(Initializer.current.uniform([outputs, inputs], bound: bound))
    self.bias = bias ? try Parameter(Initializer.current.uniform([outputs], bound: bound)) : nil
  }

  /// - Parameter input: […, inputs].
  /// - Returns: […, outputs], row-major.
  /// - Throws: ``MartletError`` when the last size is another.
  public func forward(_ input: Tensor) throws -> Tensor { try input.linear(weight.value, bias: bias?.value) }
}
