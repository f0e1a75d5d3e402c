import Martlet

/// PAUP (Zhu et al., "Progressive Self-Attention Network with Unsymmetrical Positional Encoding for Sequential
/// Recommendation", SIGIR 2022): self-attention whose keys and values are segments that convolutions cut the history into,
/// beside attention by position, which sees every item.
///
/// There is no mask: the filling on the right takes part like an item, as in the published code. Its softmaxes add up to
/// 1 over the queries (`softmaxAxis: .queries`); over the keys is what attention usually does.
///
/// Names are those of the published code: `item_embedding`, `position_embedding`, `LayerNorm`, and for layer `i`
/// `trm_encoder.layer.{i}.multi_head_attention` with `query`, `key`, `value`, `attpooling_key` and `attpooling_value` (each
/// `conv1a`, `conv2a`), `pos_q_linear`, `pos_k_linear`, `pos_ln`, `dense`, `LayerNorm`, and
/// `trm_encoder.layer.{i}.feed_forward` with `dense_1`, `dense_2`, `LayerNorm`.
public final class PAUP: SequenceModel {
  /// What there is to choose in PAUP. The properties of ``sizes`` can be used as its own, and are kept as such.
  @dynamicMemberLookup
  public struct Configuration: Hashable, Sendable {
    /// What PAUP has in common with other sequence models.
    public var sizes: SequenceModelSizes
    /// Segments that keys and values are cut into.
    public var segments = 4
    /// Kernel size and stride of the first of the convolutions that cut.
    public var kernel1 = 10
    /// What the hidden size is divided by between those convolutions.
    public var channelReduction = 16
    /// What weights of attention add up to 1 over.
    public var softmaxAxis = SoftmaxAxis.queries

    /// Defaults for everything but the number of items.
    ///
    /// - Parameter itemCount: The padding item 0 not counted.
    public init(itemCount: Int = 1) { sizes = SequenceModelSizes(itemCount: itemCount) }

    /// - Throws: ``MartletError`` when sizes cannot be, or do not go together.
    public func check() throws {
      try sizes.check("paup")
      try DownConv.check(
        sequenceLength: sizes.maximumLength, hiddenSize: sizes.hiddenSize, segments: segments,
        kernel1: kernel1, channelReduction: channelReduction)
    }

    /// A property of ``sizes`` as the configuration's own.
    public subscript<Value>(dynamicMember size: WritableKeyPath<SequenceModelSizes, Value>) -> Value {
      get { sizes[keyPath: size] }
      set { sizes[keyPath: size] = newValue }
    }
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var itemCount: Int { configuration.itemCount }
  public var maximumLength: Int { configuration.maximumLength }
  public var itemVectors: Tensor { itemEmbedding.weight.value }

  private let itemEmbedding: Embedding
  private let positionEmbedding: Embedding
  @Key("LayerNorm") private var norm: LayerNorm
  @Key("trm_encoder.layer") private var layers: [PAUPLayer]
  private let dropout: Dropout

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration) throws {
    let c = configuration
    try c.check()
    self.configuration = c
    itemEmbedding = try Embedding(count: c.itemCount + 1, size: c.hiddenSize, paddingIndex: 0)
    positionEmbedding = try Embedding(count: c.maximumLength, size: c.hiddenSize)
    dropout = try Dropout(probability: c.hiddenDropout)
    norm = try LayerNorm(shape: [c.hiddenSize], epsilon: c.epsilon)
    layers = try (0..<c.layers).map { _ in try PAUPLayer(c) }
    try drawNormally(self)
  }

  public func represent(items: Tensor, lengths: Tensor) throws -> Tensor {
    try scoped {
      try checkHistories(items, lengths, maximumLength, "paup")
      let positions = positionEmbedding.weight.value
      var hidden = try dropout(norm(itemEmbedding(items)))
      for layer in layers.dropLast() { hidden = try layer(hidden, positions: positions) }
      // Nothing reads the last layer but at the last item, so that is all it is computed for.
      let last = try layers[layers.count - 1](hidden, positions: positions, at: lengths)
      return try last.reshaped(to: [items.shape[0], configuration.hiddenSize])
    }
  }
}

extension PAUP.Configuration: Codable {
  private enum CodingKeys: String, CodingKey { case segments, kernel1, channelReduction, softmaxAxis }

  /// Keys of ``SequenceModelSizes`` lie beside its own, and none may be missing.
  public init(from decoder: any Decoder) throws {
    sizes = try SequenceModelSizes(from: decoder)
    let values = try decoder.container(keyedBy: CodingKeys.self)
    segments = try values.decode(Int.self, forKey: .segments)
    kernel1 = try values.decode(Int.self, forKey: .kernel1)
    channelReduction = try values.decode(Int.self, forKey: .channelReduction)
    softmaxAxis = try values.decode(SoftmaxAxis.self, forKey: .softmaxAxis)
  }

  public func encode(to encoder: any Encoder) throws {
    try sizes.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(segments, forKey: .segments)
    try values.encode(kernel1, forKey: .kernel1)
    try values.encode(channelReduction, forKey: .channelReduction)
    try values.encode(softmaxAxis, forKey: .softmaxAxis)
  }
}

/// What weights of attention add up to 1 over.
public enum SoftmaxAxis: String, Hashable, Sendable, Codable, CaseIterable {
  /// For each key over the queries, as in PAUP's published code.
  case queries
  /// For each query over the keys.
  case keys

  var attentionAxis: Tensor.AttentionAxis { self == .queries ? .queries : .keys }
}

/// One layer: attention, and a feed-forward block.
final class PAUPLayer: Module {
  private let multiHeadAttention: PAUPAttention
  private let feedForward: FeedForward

  init(_ c: PAUP.Configuration) throws {
    multiHeadAttention = try PAUPAttention(c)
    feedForward = try FeedForward(
      hiddenSize: c.hiddenSize, innerSize: c.innerSize, dropout: c.hiddenDropout, epsilon: c.epsilon)
  }

  /// - Parameters:
  ///   - input: [N, L, H].
  ///   - positions: [L, H], the vectors of the positions.
  ///   - numbers: int32 [N]: the position of each sequence to compute the output for, from 1; all if nil.
  /// - Returns: [N, L, H], or [N, 1, H].
  func callAsFunction(_ input: Tensor, positions: Tensor, at numbers: Tensor? = nil) throws -> Tensor {
    try scoped { try feedForward(multiHeadAttention(input, positions: positions, at: numbers)) }
  }
}
