/// Zeroes elements with a probability while training, and scales the others so that the expectation stays.
public final class Dropout: Layer {
  public let probability: Double

  public init(probability: Double = 0.5) throws {
    try require(
      (0...1).contains(probability), "dropout", "expected a probability from 0 to 1, got \(probability)")
    self.probability = probability
  }

  public func forward(_ input: Tensor) throws -> Tensor {
    guard Mode.current == .training, probability > 0 else { return input }
    guard let builder = GraphBuilder.current else {
      throw MartletError("dropout", "trains inside a Function only, where its random numbers have a place")
    }
    return try input.dropout(probability: probability, stream: builder.makeRandomStream())
  }
}
