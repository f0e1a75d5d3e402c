import MartletKernels

/// Sums of all elements up to each along an axis.
struct CumulativeSumOperation: Operation {
  var axis: Int
  var isExclusive: Bool
  var isReversed: Bool

  var name: String { "cumsum" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(inputs[0].scalar != .bool, name, "expected numbers, got \(inputs[0]): cast first")
    try require(
      inputs[0].shape.indices.contains(axis), name, "expected an axis of \(inputs[0].shape), got \(axis)")
    return inputs
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    let (outer, count, inner) = type.split(at: axis)
    CumulativeSumKernel(
      outer: outer, count: count, inner: inner, isExclusive: isExclusive, isReversed: isReversed
    ).run(type.scalar.elementType, x: call.inputs[0].address, y: call.outputs[0].address)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    var backward = self
    backward.isReversed.toggle()
    return try Tensor.apply(backward, [context.outputGradient])
  }
}

extension Tensor {
  /// The sum of the elements up to each along an axis, as `torch.cumsum`.
  ///
  /// - Parameters:
  ///   - isExclusive: Whether an element itself is left out of its sum.
  ///   - isReversed: Whether sums run from the end of the axis.
  public func cumulativeSum(
    axis: Int, isExclusive: Bool = false, isReversed: Bool = false
  ) throws -> Tensor {
    let axis = try checkedAxis(axis, "cumsum")
    return try Tensor.apply(
      CumulativeSumOperation(axis: axis, isExclusive: isExclusive, isReversed: isReversed), [self])[0]
  }
}
