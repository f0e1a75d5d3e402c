import MartletKernels

/// Softmax along an axis, or its logarithm.
struct SoftmaxOperation: Operation {
  var axis: Int
  var isLogarithm: Bool

  var name: String { isLogarithm ? "log_softmax" : "softmax" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(inputs[0].scalar.isFloatingPoint, name, "expected floating-point elements, got \(inputs[0])")
    try require(
      inputs[0].shape.indices.contains(axis), name, "expected an axis of \(inputs[0].shape), got \(axis)")
    return inputs
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    let (outer, count, inner) = type.split(at: axis)
    SoftmaxKernel.run(
      logarithm: isLogarithm, type.scalar.elementType, x: call.inputs[0].address, y: call.outputs[0].address,
      outer: outer, count: count, inner: inner)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    [
      try Tensor.apply(
        SoftmaxGradientOperation(axis: axis, isLogarithm: isLogarithm),
        [context.outputs[0], context.outputGradient])[0]
    ]
  }
}

/// The gradient of softmax, from its output and the output's gradient.
struct SoftmaxGradientOperation: Operation {
  var axis: Int
  var isLogarithm: Bool

  var name: String { isLogarithm ? "log_softmax_backward" : "softmax_backward" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(inputs[0] == inputs[1], name, "expected a gradient of \(inputs[0]), got \(inputs[1])")
    return [inputs[0]]
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    let (outer, count, inner) = type.split(at: axis)
    SoftmaxKernel.gradient(
      logarithm: isLogarithm, type.scalar.elementType, y: call.inputs[0].address, dy: call.inputs[1].address,
      dx: call.outputs[0].address, outer: outer, count: count, inner: inner)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 1), InPlacePair(output: 0, input: 0)]
  }
}

extension Tensor {
  /// e to the power x over the sum of those along an axis: numbers from 0 to 1 that add up to 1.
  public func softmax(axis: Int) throws -> Tensor {
    try Tensor.apply(SoftmaxOperation(axis: axis < 0 ? axis + rank : axis, isLogarithm: false), [self])[0]
  }

  /// 1 at the first largest element along an axis, 0 elsewhere. No gradient flows through it.
  public func hardmax(axis: Int) throws -> Tensor {
    let axis = try checkedAxis(axis, "hardmax")
    let places = try Tensor.range(from: 0, to: shape[axis])
      .reshaped(to: [shape[axis]] + [Int](repeating: 1, count: rank - 1 - axis))
    return try argmax(axis: axis, keepDimension: true).equal(to: places).cast(to: scalar)
  }

  /// The logarithm of ``softmax(axis:)``, without its overflow.
  public func logSoftmax(axis: Int) throws -> Tensor {
    try Tensor.apply(SoftmaxOperation(axis: axis < 0 ? axis + rank : axis, isLogarithm: true), [self])[0]
  }
}
