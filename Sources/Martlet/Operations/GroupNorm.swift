import MartletKernels

/// Group normalisation (Wu and He 2018): in every image, `groups` runs of neighbouring channels are normalised by their
/// own mean and variance over channels and space.
///
/// Inputs: x [N, C] or channels-last [N, C, …], weight [C], bias [C]. Outputs: y, and [N, groups] each the means and
/// 1/√(variance + ε).
public struct GroupNormOperation: Operation {
  /// How many: it divides the channels.
  public var groups: Int
  /// ε, 0.00001 unless given, as in PyTorch.
  public var epsilon: Double

  public init(groups: Int, epsilon: Double = 1e-5) {
    self.groups = groups
    self.epsilon = epsilon
  }

  public var name: String { "group_norm" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    try require(input.rank >= 2, name, "expected an input [N, C] or [N, C, …], got \(input)")
    _ = try input.realFormat(name)
    try require(
      input.rank == 2 || input.layout == .channelsLast, name,
      "expected a channels-last input, got \(input) row-major")
    try require(
      groups > 0 && input.shape[1] % groups == 0, name,
      "expected channels that \(groups) groups divide, got \(input.shape[1]) (\(input))")
    for vector in inputs[1...2] {
      try require(
        vector.shape == [input.shape[1]] && vector.scalar == input.scalar, name,
        "expected \(input.scalar.rawValue)[\(input.shape[1])] for each channel of \(input), got \(vector)")
    }
    let statistics = TensorType([input.shape[0], groups], input.scalar)
    return [input, statistics, statistics]
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  private func kernel(_ input: TensorType) -> GroupNormalization {
    GroupNormalization(
      images: input.shape[0], rows: input.space.reduce(1, *), channels: input.shape[1], groups: groups,
      format: input.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    kernel(inputs[0]).forwardWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    kernel(call.inputs[0].type).forward(
      call.inputs[0].address, weight: call.inputs[1].address, bias: call.inputs[2].address, epsilon: epsilon,
      output: call.outputs[0].address, mean: call.outputs[1].address,
      inverseDeviation: call.outputs[2].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let gradient = try context.gradientOfNormalized(name)
    return try Tensor.apply(
      GroupNormBackward(groups: groups),
      [context.inputs[0], context.outputs[1], context.outputs[2], context.inputs[1], gradient])
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { 2 * inputs[0].elementCount }
}

/// The gradient of ``GroupNormOperation``. Inputs: x, mean, 1/√(variance + ε), weight, the gradient of y. Outputs: the gradients
/// of x, weight and bias.
public struct GroupNormBackward: Operation {
  /// Those of the forward pass.
  public var groups: Int

  public init(groups: Int) { self.groups = groups }

  public var name: String { "group_norm_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let statistics = try GroupNormOperation(groups: groups).inferOutputs([inputs[0], inputs[3], inputs[3]])[1]
    try require(
      inputs[1] == statistics && inputs[2] == statistics && inputs[4] == inputs[0], name,
      "expected statistics of \(statistics) and a gradient of \(inputs[0]), got \(inputs[1...])")
    return [inputs[0], inputs[3], inputs[3]]
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 4), InPlacePair(output: 0, input: 0)]
  }

  private func kernel(_ input: TensorType) -> GroupNormalization {
    GroupNormalization(
      images: input.shape[0], rows: input.space.reduce(1, *), channels: input.shape[1], groups: groups,
      format: input.checkedFormat)
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
  /// Group normalisation, as `torch.nn.functional.group_norm`.
  ///
  /// - Parameters:
  ///   - weight: [C]; ones unless given.
  ///   - bias: [C]; zeros unless given.
  /// - Throws: ``MartletError`` for tensors that do not fit, and as PyTorch for a single value a group, of which nothing
  ///   would be left.
  public func groupNorm(
    groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) throws -> Tensor {
    try require(
      rank < 2 || elementCount == 0 || groups < 1 || elementCount / shape[0] / groups > 1, "group_norm",
      "expected more than 1 value per group, got input size \(shape) and \(groups) groups")
    return try normalizedByGroups(groups, weight: weight, bias: bias, epsilon: epsilon)
  }

  /// Group normalisation of any number of values a group.
  package func normalizedByGroups(
    _ groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double
  ) throws -> Tensor {
    try require(rank >= 2, "group_norm", "expected an input [N, C] or [N, C, …], got \(type)")
    let scale = try weight ?? Tensor.ones([shape[1]], scalar)
    let shift = try bias ?? Tensor.zeros([shape[1]], scalar)
    return try Tensor.apply(
      GroupNormOperation(groups: groups, epsilon: epsilon), [converted(to: .channelsLast), scale, shift])[0]
  }

  /// Instance normalisation, as `torch.nn.functional.instance_norm` without running statistics: each channel of each
  /// image is a group.
  public func instanceNorm(
    weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) throws -> Tensor {
    try require(rank >= 3, "instance_norm", "expected an input [N, C, …], got \(type)")
    return try groupNorm(groups: Swift.max(shape[1], 1), weight: weight, bias: bias, epsilon: epsilon)
  }
}
