import Martlet

/// PAUP's attention: by content, to segments of the history, and by position, to all of it.
final class PAUPAttention: Module {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  @Key("attpooling_key") private var keyPooling: DownConv
  @Key("attpooling_value") private var valuePooling: DownConv
  @Key("pos_q_linear") private var positionQuery: Linear
  @Key("pos_k_linear") private var positionKey: Linear
  @Key("pos_ln") private var positionNorm: LayerNorm
  private let dense: Linear
  @Key("LayerNorm") private var norm: LayerNorm
  private let dropout: Dropout
  private let heads: Int
  private let axis: SoftmaxAxis
  private let attentionDropoutProbability: Double

  init(_ c: PAUP.Configuration) throws {
    let size = c.hiddenSize
    func linear() throws -> Linear { try Linear(inputs: size, outputs: size) }
    func pooling() throws -> DownConv {
      try DownConv(
        sequenceLength: c.maximumLength, hiddenSize: size, segments: c.segments, kernel1: c.kernel1,
        channelReduction: c.channelReduction)
    }
    try (query, key, value, dense) = (linear(), linear(), linear(), linear())
    dropout = try Dropout(probability: c.hiddenDropout)
    heads = c.heads
    axis = c.softmaxAxis
    attentionDropoutProbability = c.attentionDropout
    (keyPooling, valuePooling) = try (pooling(), pooling())
    (positionQuery, positionKey) = try (linear(), linear())
    positionNorm = try LayerNorm(shape: [size], epsilon: c.epsilon)
    norm = try LayerNorm(shape: [size], epsilon: c.epsilon)
  }

  func callAsFunction(_ input: Tensor, positions: Tensor, at numbers: Tensor?) throws -> Tensor {
    try scoped {
      let place = try positionNorm(input + positions)
      let residual = try numbers.map { try input.position($0) } ?? input
      let values = try value(input)
      let content = try attend(
        query(input), keyPooling(input, after: key), valuePooling(values), scale: 1, at: numbers,
        dropout: attentionDropout(attentionDropoutProbability))
      // The published code scales the positions' queries by 1/√(2 · head size) on top of 1/√(head size).
      let headSize = Double(input.shape[2] / heads)
      let position = try attend(
        positionQuery(place), positionKey(place), values, scale: 1 / (2 * headSize).squareRoot(), at: numbers,
        dropout: nil)
      return try norm(dropout(dense(content + position)) + residual)
    }
  }

  /// Attention of all queries, or of one a sequence. Weights over the queries need all of them even then: as sums.
  private func attend(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, scale factor: Double, at numbers: Tensor?,
    dropout: (probability: Double, stream: UInt64)?
  ) throws -> Tensor {
    let scale = factor / Double(queries.shape[2] / heads).squareRoot()
    guard let numbers else {
      return try queries.attention(
        keys: keys, values: values, heads: heads, scale: scale, axis: axis.attentionAxis, dropout: dropout)
    }
    let wanted = try queries.position(numbers)
    switch axis {
    case .queries:
      let logSums = try queries.attentionLogSums(keys: keys, heads: heads, scale: scale, axis: .queries)
      return try wanted.attention(
        keys: keys, values: values, heads: heads, scale: scale, axis: .queries, logSums: logSums,
        dropout: dropout)
    case .keys:
      return try wanted.attention(
        keys: keys, values: values, heads: heads, scale: scale, axis: .keys, dropout: dropout)
    }
  }
}
