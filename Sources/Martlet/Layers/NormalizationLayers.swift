/// Batch normalisation (Ioffe and Szegedy, 2015) of [N, C] or [N, C, space…]: PyTorch's `BatchNorm1d`, `2d` and `3d`.
///
/// In training it normalises with the batch's statistics and keeps running ones; in inference it uses those.
public final class BatchNorm: Layer {
  /// What normalised channels are multiplied by, [C]: ones at first.
  public let weight: Parameter
  /// What is added then, [C]: zeros at first.
  public let bias: Parameter
  /// The moving average of the batches' means, [C]: zeros at first.
  public let runningMean: Buffer
  /// The moving average of the batches' unbiased variances, [C]: ones at first.
  public let runningVar: Buffer
  /// How many batches were trained with, int64 []. Nothing is computed from it.
  public let numBatchesTracked: Buffer
  /// Weight of the newest batch in the running statistics.
  public let momentum: Double
  /// Added to the variance, of which then the root is taken.
  public let epsilon: Double

  /// - Parameters:
  ///   - channels: C.
  ///   - epsilon: PyTorch's unless given, as is the momentum.
  /// - Throws: ``MartletError`` for channels below 1.
  public init(channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) throws {
    try require(channels > 0, "batch_norm", "expected at least 1 channel, got \(channels)")
    weight = try Parameter(.ones([channels]))
    bias = try Parameter(.zeros([channels]))
    runningMean = try Buffer(.zeros([channels]))
    runningVar = try Buffer(.ones([channels]))
    numBatchesTracked = try Buffer(.zeros([], .int64))
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// - Parameter input: [N, C] or [N, C, space…].
  /// - Returns: The input's shape, channels last.
  /// - Throws: ``MartletError`` when the channels are others; in training also outside of a ``Function``'s body, where
  ///   running statistics have no place, and for a batch with one value a channel.
  public func forward(_ input: Tensor) throws -> Tensor {
    guard Mode.current == .training else {
      return try input.batchNorm(
        runningMean: runningMean.value, runningVariance: runningVar.value, weight: weight.value,
        bias: bias.value, epsilon: epsilon)
    }
    let result = try input.batchNorm(weight: weight.value, bias: bias.value, epsilon: epsilon)
    guard result.output.isSymbolic else {
      throw MartletError("batch_norm", "trains inside a Function only, where its running statistics are kept")
    }
    _ = try Tensor.apply(
      UpdateRunningStatistics(momentum: momentum, count: input.elementCount / max(input.shape[1], 1)),
      [runningMean.value, runningVar.value, numBatchesTracked.value, result.mean, result.variance])
    return result.output
  }
}

/// Group normalisation (Wu and He, 2018) of [N, C, …]; instance normalisation where there are as many groups as channels.
public final class GroupNorm: Layer {
  /// What normalised channels are multiplied by, [C]: ones at first.
  public let weight: Parameter
  /// What is added then, [C]: zeros at first.
  public let bias: Parameter
  private let groups: Int
  private let epsilon: Double

  /// As PyTorch's `GroupNorm`.
  ///
  /// - Throws: ``MartletError`` unless both numbers are 1 or more and the groups divide the channels.
  public init(groups: Int, channels: Int, epsilon: Double = 1e-5) throws {
    try require(
      groups > 0 && channels > 0 && channels % groups == 0, "group_norm",
      "expected channels that \(groups) groups divide, got \(channels)")
    weight = try Parameter(.ones([channels]))
    bias = try Parameter(.zeros([channels]))
    self.groups = groups
    self.epsilon = epsilon
  }

  /// - Parameter input: [N, C] or [N, C, space…].
  /// - Returns: The input's shape, channels last.
  /// - Throws: ``MartletError`` when the channels are others, or for a single value a group.
  public func forward(_ input: Tensor) throws -> Tensor {
    try input.groupNorm(groups: groups, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

/// Layer normalisation (Ba et al., 2016) over the last dimensions.
public final class LayerNorm: Layer {
  /// What normalised elements are multiplied by, of the shape that is normalised over: ones at first.
  public let weight: Parameter
  /// What is added then, of the same shape: zeros at first.
  public let bias: Parameter
  private let epsilon: Double

  /// - Parameter shape: The sizes of the last dimensions.
  public init(shape: [Int], epsilon: Double = 1e-5) throws {
    weight = try Parameter(.ones(shape))
    bias = try Parameter(.zeros(shape))
    self.epsilon = epsilon
  }

  /// - Parameter input: Of any shape that ends in the weight's.
  /// - Returns: The input's shape, row-major.
  /// - Throws: ``MartletError`` when the last sizes are others.
  public func forward(_ input: Tensor) throws -> Tensor {
    try input.layerNorm(
      normalizedShape: weight.type.shape, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}
