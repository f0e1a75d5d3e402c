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
    return try input.dropout(probability: probability, stream: makeRandomStream(for: "dropout"))
  }
}

/// A stream of random numbers that nothing else in the graph being recorded has.
///
/// - Throws: ``MartletError`` outside of a recording: random numbers are keyed by the step of what runs there.
public func makeRandomStream(for operation: String) throws -> UInt64 {
  guard let builder = GraphBuilder.current else {
    throw MartletError(operation, "trains inside a Function only, where its random numbers have a place")
  }
  return builder.makeRandomStream()
}
