import MartletKernels

/// The largest or smallest elements along an axis, and their indices.
struct TopKOperation: Operation {
  var count: Int
  var axis: Int
  var isLargest: Bool

  var name: String { "topk" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    try require(input.scalar != .bool, name, "expected numbers, got \(input): cast first")
    try require(
      input.shape.indices.contains(axis) && (0...input.shape[axis]).contains(count), name,
      "expected up to as many elements as there are along axis \(axis) of \(input), got \(count)")
    var shape = input.shape
    shape[axis] = count
    return [input.with(shape: shape), input.with(shape: shape, scalar: .int64)]
  }

  func run(_ call: OperationCall) {
    let input = call.inputs[0]
    let (outer, length, inner) = input.type.split(at: axis)
    TopKKernel.run(
      largest: isLargest, k: count, input.type.scalar.elementType, x: input.address,
      values: call.outputs[0].address, indices: call.outputs[1].elements(Int64.self), outer: outer,
      count: length, inner: inner)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    guard let dy = context.outputGradients[0] else { return [nil] }
    let input = context.inputs[0].type
    let scatter = ScatterAddElements(axis: axis, shape: input.shape, layout: input.layout)
    return try Tensor.apply(
      scatter, [dy.converted(to: .rowMajor), context.outputs[1].converted(to: .rowMajor)])
  }
}

extension Tensor {
  /// The `count` largest (or smallest) elements along an axis in order, and their indices as int64; of equal ones the
  /// first come first. As `torch.topk`, sorted.
  ///
  /// - Throws: ``MartletError`` where there are fewer elements.
  public func top(
    _ count: Int, axis: Int = -1, largest: Bool = true
  ) throws -> (values: Tensor, indices: Tensor) {
    let axis = try checkedAxis(axis, "topk")
    let results = try Tensor.apply(TopKOperation(count: count, axis: axis, isLargest: largest), [self])
    return (results[0], results[1])
  }
}
