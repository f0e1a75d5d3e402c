import Martlet

/// Two linear layers with an exact GELU between, added to what they read, and layer normalisation.
final class FeedForward: Layer {
  @Key("dense_1") private var expand: Linear
  @Key("dense_2") private var contract: Linear
  @Key("LayerNorm") private var norm: LayerNorm
  private let dropout: Dropout

  init(hiddenSize: Int, innerSize: Int, dropout: Double, epsilon: Double) throws {
    self.dropout = try Dropout(probability: dropout)
    expand = try Linear(inputs: hiddenSize, outputs: innerSize)
    contract = try Linear(inputs: innerSize, outputs: hiddenSize)
    norm = try LayerNorm(shape: [hiddenSize], epsilon: epsilon)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try norm(dropout(contract(expand(input).gelu())) + input)
  }
}
