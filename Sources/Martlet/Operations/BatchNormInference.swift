import MartletKernels

/// Batch normalisation with known statistics: y = (x − mean)/√(variance + ε)·weight + bias.
///
/// Inputs: x [N, C] or channels-last [N, C, …], and of C elements each the running mean, the running variance, weight
/// and bias. No gradient flows to the statistics.
public struct BatchNormInference: Operation {
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
    try BatchNormApply().inferOutputs(inputs)
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  private func matrix(_ input: TensorType) -> BatchNormalization {
    BatchNormalization(
      rows: input.shape[0] * input.space.reduce(1, *), channels: input.shape[1], format: input.checkedFormat)
  }

  /// The inverse deviations are kept before the kernel's own scratch.
  private func vectorByteCount(_ input: TensorType) -> Int {
    (input.shape[1] * input.scalar.byteCount + 63) / 64 * 64
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    vectorByteCount(inputs[0]) + matrix(inputs[0]).applyWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    let input = call.inputs[0].type
    let norm = matrix(input)
    norm.inverseDeviations(
      ofVariance: call.inputs[2].address, epsilon: epsilon, output: call.workspace)
    norm.apply(
      call.inputs[0].address, mean: call.inputs[1].address, inverseDeviation: call.workspace,
      weight: call.inputs[3].address, bias: call.inputs[4].address, relu: activation == .relu,
      output: call.outputs[0].address, workspace: call.workspace + vectorByteCount(input))
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let gradients = try Tensor.apply(
      BatchNormInferenceBackward(epsilon: epsilon, activation: activation),
      context.inputs + [context.outputGradient])
    return [gradients[0], nil, nil, gradients[1], gradients[2]]
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { inputs[0].elementCount }
}

/// The gradient of ``BatchNormInference``: its inputs and the gradient of y, giving those of x, weight and bias.
public struct BatchNormInferenceBackward: Operation {
  /// ε of the forward pass.
  public var epsilon: Double
  /// What was done to y: a gradient goes back through it first.
  public var activation: NormalizationActivation

  public init(epsilon: Double = 1e-5, activation: NormalizationActivation = .none) {
    self.epsilon = epsilon
    self.activation = activation
  }

  public var name: String { "batch_norm_backward" }
  public var detail: String { activation == .none ? "" : activation.rawValue }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try BatchNormBackward().inferOutputs(inputs)
  }

  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 5), InPlacePair(output: 0, input: 0)]
  }

  private func matrix(_ input: TensorType) -> BatchNormalization {
    BatchNormalization(
      rows: input.shape[0] * input.space.reduce(1, *), channels: input.shape[1], format: input.checkedFormat)
  }

  private func vectorByteCount(_ input: TensorType) -> Int {
    (input.shape[1] * input.scalar.byteCount + 63) / 64 * 64
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    vectorByteCount(inputs[0]) + matrix(inputs[0]).gradientWorkspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    let input = call.inputs[0].type
    let norm = matrix(input)
    norm.inverseDeviations(
      ofVariance: call.inputs[2].address, epsilon: epsilon, output: call.workspace)
    norm.gradient(
      call.inputs[0].address, outputGradient: call.inputs[5].address, mean: call.inputs[1].address,
      inverseDeviation: call.workspace, weight: call.inputs[3].address, bias: call.inputs[4].address,
      relu: activation == .relu, usesBatchStatistics: false, inputGradient: call.outputs[0].address,
      weightGradient: call.outputs[1].address, biasGradient: call.outputs[2].address,
      workspace: call.workspace + vectorByteCount(input))
  }
}

/// One step of batch normalisation's running statistics: running ← (1 − momentum)·running + momentum·batch, with the
/// batch's unbiased variance, and one more batch counted.
///
/// Inputs: running mean [C], running variance [C], the number of batches tracked (int64 []), which are changed; then
/// the batch's mean and its variance as ``BatchNormTraining`` gives them.
public struct UpdateRunningStatistics: Operation {
  /// The weight of the new batch.
  public var momentum: Double
  /// Values per channel in the batch.
  public var count: Int

  public init(momentum: Double = 0.1, count: Int) {
    self.momentum = momentum
    self.count = count
  }

  public var name: String { "update_running_statistics" }

  public var mutatedInputs: [Int] { [0, 1, 2] }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    _ = try inputs[0].realFormat(name)
    try require(
      inputs[0].rank == 1 && [1, 3, 4].allSatisfy { inputs[$0] == inputs[0] }, name,
      "expected one vector for each channel, got \(inputs)")
    try require(
      inputs[2] == TensorType([], .int64), name, "expected an int64[] count of batches, got \(inputs[2])")
    return []
  }

  public func run(_ call: OperationCall) throws {
    // A batch without values leaves no statistics.
    guard count > 0 else { return }
    BatchNormalization.updateRunning(
      mean: call.inputs[0].address, variance: call.inputs[1].address, batchMean: call.inputs[3].address,
      batchVariance: call.inputs[4].address, count: count, momentum: momentum,
      channels: call.inputs[0].type.elementCount, format: call.inputs[0].type.checkedFormat)
    call.inputs[2].elements(Int64.self)[0] += 1
  }
}

/// What batch normalisation in training gives: the output and each channel's statistics over the batch.
public struct BatchNormResult: Sendable {
  /// Of the input's shape, channels last.
  public var output: Tensor
  /// [C], over batch and space, as are the variance and the inverse deviation.
  public var mean: Tensor
  /// Divided by the count, not by one less.
  public var variance: Tensor
  /// 1/√(variance + ε).
  public var inverseDeviation: Tensor
}

extension Tensor {
  /// Batch normalisation with the batch's own statistics, as `torch.nn.functional.batch_norm(training=True)`.
  ///
  /// This tensor is [N, C] or [N, C, space…]; weight and bias are [C]. Its result is channels last.
  /// - Throws: ``MartletError`` for a batch with a single value per channel.
  public func batchNorm(
    weight: Tensor, bias: Tensor, epsilon: Double = 1e-5, activation: NormalizationActivation = .none
  ) throws -> BatchNormResult {
    let results = try Tensor.apply(
      BatchNormTraining(epsilon: epsilon, activation: activation),
      [converted(to: .channelsLast), weight, bias])
    return BatchNormResult(
      output: results[0], mean: results[1], variance: results[2], inverseDeviation: results[3])
  }

  /// Batch normalisation with running statistics, as `torch.nn.functional.batch_norm(training=False)`.
  public func batchNorm(
    runningMean: Tensor, runningVariance: Tensor, weight: Tensor, bias: Tensor, epsilon: Double = 1e-5,
    activation: NormalizationActivation = .none
  ) throws -> Tensor {
    try Tensor.apply(
      BatchNormInference(epsilon: epsilon, activation: activation),
      [converted(to: .channelsLast), runningMean, runningVariance, weight, bias])[0]
  }
}
