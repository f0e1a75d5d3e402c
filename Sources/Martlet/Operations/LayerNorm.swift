import MartletKernels

/// Layer normalisation (Ba, Kiros and Hinton 2016) over the last `axes` axes: y = (x − mean)/√(variance + ε)·weight +
/// bias, with the mean and variance of those axes.
///
/// Inputs: x, row-major; weight and bias of the shape of the last axes. Outputs: y, and of the shape of the first axes
/// the means and 1/√(variance + ε).
public struct LayerNormOperation: Operation {
  /// How many of the last axes are normalised together, 1 or more.
  public var axes: Int
  /// ε, 0.00001 unless given, as in PyTorch.
  public var epsilon: Double

  public init(axes: Int, epsilon: Double = 1e-5) {
    self.axes = axes
    self.epsilon = epsilon
  }

  public var name: String { "layer_norm" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    _ = try input.realFormat(name)
    try require(input.layout == .rowMajor, name, "expected a row-major input, got \(input) channels-last")
    try require(
      axes >= 1 && axes <= input.rank, name, "expected 1 to \(input.rank) axes, got \(axes) (\(input))")
    let normalized = Array(input.shape.suffix(axes))
    for parameter in inputs[1...2] {
      try require(
        parameter.shape == normalized && parameter.scalar == input.scalar && parameter.layout == .rowMajor,
        name, "expected \(input.scalar.rawValue)\(normalized) for the last axes of \(input), got \(parameter)"
      )
    }
    let statistics = TensorType(Array(input.shape.dropLast(axes)), input.scalar)
    return [input, statistics, statistics]
  }

  private func kernel(_ input: TensorType) -> LayerNormalization {
    LayerNormalization(
      rows: input.shape.dropLast(axes).reduce(1, *), width: input.shape.suffix(axes).reduce(1, *),
      format: input.checkedFormat)
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  public func run(_ call: OperationCall) throws {
    kernel(call.inputs[0].type).forward(
      call.inputs[0].address, weight: call.inputs[1].address, bias: call.inputs[2].address, epsilon: epsilon,
      output: call.outputs[0].address, mean: call.outputs[1].address,
      inverseDeviation: call.outputs[2].address)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let gradient = try context.gradientOfNormalized(name)
    return try Tensor.apply(
      LayerNormBackward(axes: axes),
      [context.inputs[0], context.outputs[1], context.outputs[2], context.inputs[1], gradient])
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { 2 * inputs[0].elementCount }
}

/// The gradient of ``LayerNormOperation``. Inputs: x, mean, 1/√(variance + ε), weight, the gradient of y. Outputs: the gradients
/// of x, weight and bias.
public struct LayerNormBackward: Operation {
  /// Those of the forward pass.
  public var axes: Int

  public init(axes: Int) { self.axes = axes }

  public var name: String { "layer_norm_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let statistics = try LayerNormOperation(axes: axes).inferOutputs([inputs[0], inputs[3], inputs[3]])[1]
    try require(
      inputs[1] == statistics && inputs[2] == statistics && inputs[4] == inputs[0], name,
      "expected statistics of \(statistics) and a gradient of \(inputs[0]), got \(inputs[1...])")
    return [inputs[0], inputs[3], inputs[3]]
  }

  private func kernel(_ input: TensorType) -> LayerNormalization {
    LayerNormalization(
      rows: input.shape.dropLast(axes).reduce(1, *), width: input.shape.suffix(axes).reduce(1, *),
      format: input.checkedFormat)
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 4), InPlacePair(output: 0, input: 0)]
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    kernel(inputs[0]).gradientWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    kernel(call.inputs[0].type).gradient(
      call.inputs[0].address, outputGradient: call.inputs[4].address, mean: call.inputs[1].address,
      inverseDeviation: call.inputs[2].address, weight: call.inputs[3].address,
      inputGradient: call.outputs[0].address, weightGradient: call.outputs[1].address,
      biasGradient: call.outputs[2].address, workspace: call.workspace)
  }
}

extension Tensor {
  /// Layer normalisation over the last axes, as `torch.nn.functional.layer_norm`. The result is row-major.
  ///
  /// - Parameters:
  ///   - normalizedShape: The sizes of the last axes.
  ///   - weight: Of that shape; ones unless given.
  ///   - bias: Of that shape; zeros unless given.
  public func layerNorm(
    normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) throws -> Tensor {
    try require(
      !normalizedShape.isEmpty && normalizedShape.count <= rank
        && Array(shape.suffix(normalizedShape.count)) == normalizedShape, "layer_norm",
      "expected an input whose last axes are \(normalizedShape), got \(type)")
    let scale = try weight ?? Tensor.ones(normalizedShape, scalar)
    let shift = try bias ?? Tensor.zeros(normalizedShape, scalar)
    return try Tensor.apply(
      LayerNormOperation(axes: normalizedShape.count, epsilon: epsilon),
      [converted(to: .rowMajor), scale.converted(to: .rowMajor), shift.converted(to: .rowMajor)])[0]
  }
}
