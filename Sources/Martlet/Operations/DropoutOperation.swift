import MartletKernels

/// Dropout: zeroes elements at random and scales the others up.
///
/// Which elements are dropped follows from the run's seed and step, the stream and the element's place in memory, so
/// the gradient computes the same mask again instead of keeping it: it is this operation on the output's gradient.
struct DropoutOperation: Operation {
  var probability: Double
  /// What tells this operation's numbers from those of the others in a graph.
  var stream: UInt64

  var name: String { "dropout" }
  var isRandom: Bool { true }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0].scalar.isFloatingPoint, name, "expected floating-point elements, got \(inputs[0])")
    try require((0...1).contains(probability), name, "expected a probability from 0 to 1, got \(probability)")
    return inputs
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    RandomFill.dropout(
      type.scalar.elementType, x: call.inputs[0].address, y: call.outputs[0].address,
      count: type.elementCount,
      probability: probability, seed: call.random.seed, stream: stream, step: call.random.step)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    Recomputation(self, [.input(0)])
  }

  /// Records the operation wherever something is being recorded, for a constant too: run at once, it would draw the
  /// numbers of no step.
  func applied(to x: Tensor) throws -> Tensor {
    guard !x.isSymbolic, let builder = GraphBuilder.current else { return try Tensor.apply(self, [x])[0] }
    return try builder.record(self, [x])[0]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    [try applied(to: context.outputGradient)]
  }
}

extension Tensor {
  /// Zeroes each element with a probability and divides the others by one minus it. Always drops: whether a model is
  /// being trained is for the layer to ask.
  ///
  /// - Parameter stream: A number that no other random operation of the graph has. The elements dropped are a
  ///   function of it and of the run's ``RandomState``.
  /// - Throws: ``MartletError`` for a probability outside of 0 to 1.
  public func dropout(probability: Double, stream: UInt64) throws -> Tensor {
    try DropoutOperation(probability: probability, stream: stream).applied(to: self)
  }
}
