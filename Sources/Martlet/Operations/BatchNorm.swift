import MartletKernels

/// What follows a normalisation in the same pass over memory.
public enum NormalizationActivation: String, Hashable, Sendable, CaseIterable {
  case none, relu
}

/// The matrix that batch normalisation sees: one column a channel, all else in rows.
private func matrix(_ input: TensorType) -> BatchNormalization {
  BatchNormalization(rows: rowCount(input), channels: input.shape[1], format: input.checkedFormat)
}

private func rowCount(_ input: TensorType) -> Int { input.shape[0] * input.space.reduce(1, *) }

/// Checks an input [N, C] or a channels-last [N, C, space…] and its vectors of C elements.
private func checkBatchNorm(_ inputs: [TensorType], vectors: Range<Int>, _ operation: String) throws {
  let input = inputs[0]
  try require(
    input.rank >= 2, operation, "expected an input [N, C] or [N, C, …], got \(input)")
  _ = try input.realFormat(operation)
  try require(
    input.rank == 2 || input.layout == .channelsLast, operation,
    "expected a channels-last input, got \(input) row-major")
  for index in vectors {
    try require(
      inputs[index].shape == [input.shape[1]] && inputs[index].scalar == input.scalar, operation,
      "expected \(input.scalar.rawValue)[\(input.shape[1])] for each channel of \(input), got \(inputs[index])"
    )
  }
}

/// Batch normalisation in training (Ioffe and Szegedy 2015): y = (x − mean)/√(variance + ε)·weight + bias, with each
/// channel's mean and variance over the batch and over space.
///
/// Inputs: x [N, C, …], weight [C], bias [C]. Outputs: y, and of each channel the mean, the variance (divided by the
/// count) and 1/√(variance + ε).
public struct BatchNormTraining: Operation {
  /// ε, 0.00001 unless given, as in PyTorch.
  public var epsilon: Double
  /// What is done to y.
  public var activation: NormalizationActivation

  public init(epsilon: Double = 1e-5, activation: NormalizationActivation = .none) {
    self.epsilon = epsilon
    self.activation = activation
  }

  public var name: String { "batch_norm" }
  public var detail: String { activation == .none ? "" : activation.rawValue }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try checkBatchNorm(inputs, vectors: 1..<3, name)
    try require(
      rowCount(inputs[0]) != 1, name,
      "expected more than 1 value per channel when training, got input size \(inputs[0].shape)")
    return [inputs[0], inputs[1], inputs[1], inputs[1]]
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    let norm = matrix(inputs[0])
    return max(norm.statisticsWorkspaceByteCount, norm.applyWorkspaceByteCount)
  }

  public func run(_ call: OperationCall) throws {
    let norm = matrix(call.inputs[0].type)
    norm.statistics(
      call.inputs[0].address, epsilon: epsilon, mean: call.outputs[1].address,
      variance: call.outputs[2].address, inverseDeviation: call.outputs[3].address, workspace: call.workspace)
    norm.apply(
      call.inputs[0].address, mean: call.outputs[1].address, inverseDeviation: call.outputs[3].address,
      weight: call.inputs[1].address, bias: call.inputs[2].address, relu: activation == .relu,
      output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let gradient = try context.gradientOfNormalized(name)
    return try Tensor.apply(
      BatchNormBackward(activation: activation),
      [
        context.inputs[0], context.outputs[1], context.outputs[3], context.inputs[1], context.inputs[2],
        gradient,
      ])
  }

  public func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    guard output == 0 else { return nil }
    return Recomputation(
      BatchNormApply(activation: activation), [.input(0), .output(1), .output(3), .input(1), .input(2)])
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { 2 * inputs[0].elementCount }
}

extension GradientContext {
  /// The gradient of output 0, where the others are statistics.
  ///
  /// - Throws: ``MartletError`` where a gradient comes by way of a statistic.
  func gradientOfNormalized(_ operation: String) throws -> Tensor {
    try require(
      outputGradients.dropFirst().allSatisfy { $0 == nil }, operation,
      "statistics have no gradient: take them from the input, or use withoutGradient()")
    return outputGradient
  }
}

/// The pass of ``BatchNormTraining`` that takes statistics.
///
/// Input: x. Outputs, of each channel: the mean, the variance (divided by the count) and 1/√(variance + ε).
public struct BatchNormStatistics: Operation {
  /// ε. It is not in the variance that is given out.
  public var epsilon: Double

  public init(epsilon: Double = 1e-5) { self.epsilon = epsilon }

  public var name: String { "batch_norm_statistics" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try checkBatchNorm(inputs, vectors: 1..<1, name)
    let vector = TensorType([inputs[0].shape[1]], inputs[0].scalar)
    return [vector, vector, vector]
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    matrix(inputs[0]).statisticsWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    matrix(call.inputs[0].type).statistics(
      call.inputs[0].address, epsilon: epsilon, mean: call.outputs[0].address,
      variance: call.outputs[1].address, inverseDeviation: call.outputs[2].address, workspace: call.workspace)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { inputs[0].elementCount }
}

/// The pass of ``BatchNormTraining`` that makes y from known statistics, to the same bytes.
///
/// Inputs: x, mean, 1/√(variance + ε), weight, bias.
public struct BatchNormApply: Operation {
  /// What is done to y.
  public var activation: NormalizationActivation

  public init(activation: NormalizationActivation = .none) { self.activation = activation }

  public var name: String { "batch_norm_apply" }
  public var detail: String { activation == .none ? "" : activation.rawValue }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try checkBatchNorm(inputs, vectors: 1..<5, name)
    return [inputs[0]]
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    matrix(inputs[0]).applyWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    matrix(call.inputs[0].type).apply(
      call.inputs[0].address, mean: call.inputs[1].address, inverseDeviation: call.inputs[2].address,
      weight: call.inputs[3].address, bias: call.inputs[4].address, relu: activation == .relu,
      output: call.outputs[0].address, workspace: call.workspace)
  }

  public func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    Recomputation(self, (0..<5).map { .input($0) })
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { inputs[0].elementCount }
}

/// The gradient of ``BatchNormTraining``, from x alone: what the activation let through is computed again.
///
/// Inputs: x, mean, 1/√(variance + ε), weight, bias, the gradient of y. Outputs: the gradients of x, weight and bias.
public struct BatchNormBackward: Operation {
  /// What was done to y: a gradient goes back through it first.
  public var activation: NormalizationActivation

  public init(activation: NormalizationActivation = .none) { self.activation = activation }

  public var name: String { "batch_norm_backward" }
  public var detail: String { activation == .none ? "" : activation.rawValue }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try checkBatchNorm(inputs, vectors: 1..<5, name)
    try require(
      inputs[5] == inputs[0], name, "expected a gradient of \(inputs[0]), got \(inputs[5])")
    return [inputs[0], inputs[3], inputs[3]]
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 5), InPlacePair(output: 0, input: 0)]
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    matrix(inputs[0]).gradientWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    matrix(call.inputs[0].type).gradient(
      call.inputs[0].address, outputGradient: call.inputs[5].address, mean: call.inputs[1].address,
      inverseDeviation: call.inputs[2].address, weight: call.inputs[3].address, bias: call.inputs[4].address,
      relu: activation == .relu, usesBatchStatistics: true, inputGradient: call.outputs[0].address,
      weightGradient: call.outputs[1].address, biasGradient: call.outputs[2].address,
      workspace: call.workspace)
  }
}
