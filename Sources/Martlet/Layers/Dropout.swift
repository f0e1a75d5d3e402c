/// Zeroes elements with a probability while training, and scales the others so that the expectation stays.
public final class Dropout: Layer {
  /// The probability that an element is zeroed; at 1 all are.
  public let probability: Double

  /// - Throws: ``MartletError`` for a probability outside of 0 to 1.
  public init(probability: Double = 0.5) throws {
    try require(
      (0...1).contains(probability), "dropout", "expected a probability from 0 to 1, got \(probability)")
    self.probability = probability
  }

  /// The input as it is in inference, or where the probability is 0.
  ///
  /// - Throws: ``MartletError`` in training outside of a ``Function``'s body, where random numbers have no place.
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
