import Martlet

/// A network that reads the items of a history and says what comes next.
///
/// Items are numbered from 1; 0 fills up histories that are shorter than the longest, on the right.
public protocol SequenceModel: Module {
  /// Items that there are, 0 not counted.
  var itemCount: Int { get }
  /// Length of the histories that the network reads, the filling included.
  var maximumLength: Int { get }
  /// One vector for each item, [itemCount + 1, H].
  var itemVectors: Tensor { get }

  /// What a history comes to.
  ///
  /// - Parameters:
  ///   - items: int32 [N, L] with L = ``maximumLength``: the items in order, filled up with 0.
  ///   - lengths: int32 [N]: how many of them are items, from 1 to L.
  /// - Returns: [N, H].
  func represent(items: Tensor, lengths: Tensor) throws -> Tensor
}

extension SequenceModel {
  /// A score for each item, the higher the likelier: [N, itemCount + 1] for representations [N, H]. That of item 0 means
  /// nothing.
  public func scores(_ representations: Tensor) throws -> Tensor {
    try representations.matmul(transposed: itemVectors)
  }

  /// Scores of one item a history: [N] for representations [N, H] and int32 [N] items.
  public func scores(_ representations: Tensor, of items: Tensor) throws -> Tensor {
    try (representations * itemVectors.embedding(items, paddingIndex: 0)).sum(axes: [1])
  }

  /// Cross-entropy over all items, item 0 among them as in the published code: shape [].
  ///
  /// - Parameter targets: int32 [N]: the items that came next.
  public func crossEntropyLoss(items: Tensor, lengths: Tensor, targets: Tensor) throws -> Tensor {
    try Loss.crossEntropy(scores(represent(items: items, lengths: lengths)), targets)
  }

  /// Bayesian personalised ranking (Rendle et al., UAI 2009) of the items that came next against others: shape [].
  ///
  /// - Parameters:
  ///   - targets: int32 [N]: the items that came next.
  ///   - negatives: int32 [N]: items that did not.
  public func bayesianRankingLoss(
    items: Tensor, lengths: Tensor, targets: Tensor, negatives: Tensor
  ) throws -> Tensor {
    let representations = try represent(items: items, lengths: lengths)
    return try Loss.bayesianPersonalizedRanking(
      positive: scores(representations, of: targets), negative: scores(representations, of: negatives))
  }
}

extension Loss {
  /// −mean log(γ + σ(positive − negative)) with γ = 1e−10, as RecBole has Bayesian personalised ranking (Rendle et al.,
  /// UAI 2009).
  ///
  /// - Parameters:
  ///   - positive: Scores of what was chosen.
  ///   - negative: Scores of what was not, of the same shape.
  /// - Returns: Shape [].
  public static func bayesianPersonalizedRanking(positive: Tensor, negative: Tensor) throws -> Tensor {
    try require(
      positive.shape == negative.shape, "bpr",
      "expected as many positive as negative scores, got \(positive.shape) and \(negative.shape)")
    return try ((positive - negative).sigmoid() + 1e-10).log().mean() * -1
  }
}

/// How the sequence models of this folder draw their parameters: linear and embedding weights normally with a standard
/// deviation of 0.02, the padding item's vector too, biases zero.
func drawNormally(_ module: any Module) throws {
  for (_, module) in module.modules {
    switch module {
    case let linear as Linear:
      try linear.weight.assign(Initializer.current.normal(linear.weight.type.shape, standardDeviation: 0.02))
      if let bias = linear.bias { try bias.assign(.zeros(bias.type.shape)) }
    case let embedding as Embedding:
      try embedding.weight.assign(
        Initializer.current.normal(embedding.weight.type.shape, standardDeviation: 0.02))
    default: break
    }
  }
}

/// Dropout of attention's weights while training: its probability, and the stream of its random numbers.
func attentionDropout(_ probability: Double) throws -> (probability: Double, stream: UInt64)? {
  guard Mode.current == .training, probability > 0 else { return nil }
  return (probability, try makeRandomStream(for: "attention"))
}
