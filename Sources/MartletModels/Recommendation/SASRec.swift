import Martlet

/// SASRec (Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018): causal self-attention over the items
/// of a history and their positions, as the usual implementations have it.
///
/// Names are those of RecBole: `item_embedding`, `position_embedding`, `LayerNorm`, and for layer `i`
/// `trm_encoder.layer.{i}.multi_head_attention` with `query`, `key`, `value`, `dense`, `LayerNorm`, and
/// `trm_encoder.layer.{i}.feed_forward` with `dense_1`, `dense_2`, `LayerNorm`.
public final class SASRec: CausalSequenceModel {
  /// What all sequence models have: there is nothing of its own to choose in SASRec.
  public typealias Configuration = SequenceModelSizes

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var itemCount: Int { configuration.itemCount }
  public var maximumLength: Int { configuration.maximumLength }
  public var itemVectors: Tensor { itemEmbedding.weight.value }

  private let itemEmbedding: Embedding
  private let positionEmbedding: Embedding
  @Key("LayerNorm") private var norm: LayerNorm
  @Key("trm_encoder.layer") private var layers: [SASRecLayer]
  private let dropout: Dropout

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration) throws {
    let c = configuration
    try c.check("sasrec")
    self.configuration = c
    itemEmbedding = try Embedding(count: c.itemCount + 1, size: c.hiddenSize, paddingIndex: 0)
    positionEmbedding = try Embedding(count: c.maximumLength, size: c.hiddenSize)
    dropout = try Dropout(probability: c.hiddenDropout)
    norm = try LayerNorm(shape: [c.hiddenSize], epsilon: c.epsilon)
    layers = try (0..<c.layers).map { _ in try SASRecLayer(c) }
    try drawNormally(self)
  }

  private func embed(_ items: Tensor) throws -> Tensor {
    try dropout(norm(itemEmbedding(items) + positionEmbedding.weight.value))
  }

  public func representAll(items: Tensor) throws -> Tensor {
    try scoped {
      try checkItems(items, maximumLength, "sasrec")
      return try layers.reduce(embed(items)) { try $1($0) }
    }
  }

  public func represent(items: Tensor, lengths: Tensor) throws -> Tensor {
    try scoped {
      try checkHistories(items, lengths, maximumLength, "sasrec")
      var hidden = try embed(items)
      for layer in layers.dropLast() { hidden = try layer(hidden) }
      // Nothing reads the last layer but at the last item, so that is all it is computed for.
      let last = try layers[layers.count - 1](hidden, at: lengths)
      return try last.reshaped(to: [items.shape[0], configuration.hiddenSize])
    }
  }
}

/// One layer: attention, and a feed-forward block.
final class SASRecLayer: Module {
  private let multiHeadAttention: SASRecAttention
  private let feedForward: FeedForward

  init(_ c: SASRec.Configuration) throws {
    multiHeadAttention = try SASRecAttention(c)
    feedForward = try FeedForward(
      hiddenSize: c.hiddenSize, innerSize: c.innerSize, dropout: c.hiddenDropout, epsilon: c.epsilon)
  }

  func callAsFunction(_ input: Tensor, at numbers: Tensor? = nil) throws -> Tensor {
    try scoped { try feedForward(multiHeadAttention(input, at: numbers)) }
  }
}

/// Causal self-attention. The filling lies behind the items, where no item's query looks.
final class SASRecAttention: Module {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let dense: Linear
  @Key("LayerNorm") private var norm: LayerNorm
  private let dropout: Dropout
  private let heads: Int
  private let attentionDropoutProbability: Double

  init(_ c: SASRec.Configuration) throws {
    func linear() throws -> Linear { try Linear(inputs: c.hiddenSize, outputs: c.hiddenSize) }
    try (query, key, value, dense) = (linear(), linear(), linear(), linear())
    dropout = try Dropout(probability: c.hiddenDropout)
    heads = c.heads
    attentionDropoutProbability = c.attentionDropout
    norm = try LayerNorm(shape: [c.hiddenSize], epsilon: c.epsilon)
  }

  /// - Parameters:
  ///   - input: [N, L, H].
  ///   - numbers: int32 [N]: the position of each sequence to compute the output for, from 1; all if nil.
  /// - Returns: [N, L, H], or [N, 1, H].
  func callAsFunction(_ input: Tensor, at numbers: Tensor?) throws -> Tensor {
    try scoped {
      let wanted = try numbers.map { try input.position($0) } ?? input
      // The query at position n, counted from 1, sees n keys.
      let context = try query(wanted).attention(
        keys: key(input), values: value(input), heads: heads, isCausal: numbers == nil, keyCounts: numbers,
        dropout: attentionDropout(attentionDropoutProbability))
      return try norm(dropout(dense(context)) + wanted)
    }
  }
}
