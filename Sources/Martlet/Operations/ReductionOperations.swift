import MartletKernels

/// A reduction to a tensor whose dimensions are some of the input's: sum, mean, maximum, minimum, and the sums that
/// come back from a broadcast.
struct ReductionOperation: Operation {
  var function: ReductionFunction
  /// Shape, layout and element type of the result.
  var target: TensorType
  /// For each dimension of the result, the input's dimension that it is what is left of: of the same size where that
  /// is kept, of size 1 where it is reduced. Dimensions of the input that are not named are reduced.
  var axes: [Int]
  /// What the result is multiplied by: one over the count, for a mean.
  var scale: Double

  var name: String {
    switch function {
    case .sum: scale == 1 ? "sum" : "mean"
    case .sumOfSquares: "sum_of_squares"
    case .maximum: "amax"
    case .minimum: "amin"
    case .product: "prod"
    }
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    if input.scalar.isFloatingPoint {
      try require(target.scalar.isFloatingPoint, name, "expected a floating-point result, not \(target)")
    } else {
      let isExtreme = function == .maximum || function == .minimum
      try require(
        scale == 1 && target.scalar == input.scalar && (input.scalar != .bool || isExtreme), name,
        "expected floating-point elements, got \(input): cast first")
    }
    let fits =
      axes.count == target.rank && axes == axes.sorted() && Set(axes).count == axes.count
      && zip(axes, target.shape).allSatisfy { axis, size in
        input.shape.indices.contains(axis) && (size == 1 || size == input.shape[axis])
      }
    try require(fits, name, "expected a shape that reduces to \(target.shape), got \(input.shape)")
    if function == .maximum || function == .minimum {
      try require(
        target.elementCount == 0 || input.elementCount > 0, name,
        "expected at least one element, got \(input.shape)")
    }
    return [target]
  }

  /// For each dimension of the input in memory order, the result's stride; nil where it is reduced.
  private func resultStrides(_ input: TensorType, _ output: TensorType) -> [Int?] {
    var strides = [Int?](repeating: nil, count: input.rank)
    let positions = input.memoryPositions
    for (axis, (size, stride)) in zip(axes, zip(output.shape, output.strides)) where size == input.shape[axis]
    {
      strides[positions[axis]] = stride
    }
    return strides
  }

  private func kernel(_ input: TensorType, _ output: TensorType) -> ReductionKernel {
    ReductionKernel(shape: input.memoryShape, resultStrides: resultStrides(input, output))
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    inputs[0].scalar.isFloatingPoint ? kernel(inputs[0], outputs[0]).workspaceByteCount : 0
  }

  func run(_ call: OperationCall) {
    let (input, output) = (call.inputs[0], call.outputs[0])
    guard input.type.scalar.isFloatingPoint else {
      return IntegerReduction.run(
        function, input.type.scalar.elementType, x: input.address, y: output.address,
        shape: input.type.memoryShape, resultStrides: resultStrides(input.type, output.type),
        resultCount: output.type.elementCount)
    }
    kernel(input.type, output.type).run(
      function, input.type.scalar.elementType, x: input.address, y: output.address,
      resultType: output.type.scalar.elementType, scale: scale, workspace: call.workspace)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (x, y) = (context.inputs[0], context.outputs[0])
    let dy = try context.outputGradient.cast(to: x.scalar)
    func spread(_ tensor: Tensor, _ scale: Double = 1) throws -> Tensor {
      try Tensor.apply(BroadcastOperation(target: x.type, axes: axes, scale: scale), [tensor])[0]
    }
    switch function {
    case .sum: return [try spread(dy, scale)]
    case .sumOfSquares: return [try spread(dy, 2 * scale) * x]
    case .maximum, .minimum:
      // Shared evenly among those that are equal to the result, as PyTorch's amax does.
      let winners = try x.equal(to: spread(y)).cast(to: x.scalar)
      var counting = self
      counting.function = .sum
      counting.target.scalar = x.scalar
      let count = try Tensor.apply(counting, [winners])[0]
      return [try winners * spread(dy / count)]
    case .product:
      // What the other elements make: zeros among them, if any, are counted rather than divided by.
      let one = try Tensor.full(1, TensorType([], x.scalar))
      let isZero = try x.equal(to: 0)
      let filled = try Tensor.select(isZero, one, x)
      func reduced(_ function: ReductionFunction, _ tensor: Tensor) throws -> Tensor {
        var reduction = self
        reduction.function = function
        reduction.target.scalar = x.scalar
        return try spread(Tensor.apply(reduction, [tensor])[0])
      }
      let zeros = try isZero.cast(to: x.scalar)
      let othersAreNot = try (reduced(.sum, zeros) - zeros).equal(to: 0).cast(to: x.scalar)
      return [try spread(dy) * (reduced(.product, filled) / filled) * othersAreNot]
    }
  }
}

/// The index of the largest or smallest element along one axis.
struct ArgReductionOperation: Operation {
  var isSmallest: Bool
  var axis: Int
  var keepsDimension: Bool

  var name: String { isSmallest ? "argmin" : "argmax" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    try require(input.scalar != .bool, name, "expected numbers, got \(input): cast first")
    try require(
      input.shape.indices.contains(axis) && input.shape[axis] > 0, name,
      "expected elements along axis \(axis), got shape \(input.shape)")
    try require(
      keepsDimension || axis > 0 || input.layout == .rowMajor, name,
      "expected a row-major tensor to reduce the batch of, got \(input)")
    return [input.reduced([axis], keepingDimensions: keepsDimension).type.with(scalar: .int64)]
  }

  func run(_ call: OperationCall) {
    let input = call.inputs[0].type
    let (outer, count, inner) = input.split(at: axis)
    let find = input.scalar.isFloatingPoint ? ArgReductionKernel.run : IntegerReduction.argument
    find(
      isSmallest, input.scalar.elementType, call.inputs[0].address, call.outputs[0].elements(Int64.self),
      outer,
      count, inner)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension TensorType {
  /// In memory: how many elements lie before an axis, along it, and within one step of it.
  func split(at axis: Int) -> (outer: Int, count: Int, inner: Int) {
    let memory = memoryShape
    let position = memoryPositions[axis]
    return (
      memory[..<position].reduce(1, *), memory[position], memory[(position + 1)...].reduce(1, *)
    )
  }

  /// The type that is left when axes are reduced, and for each of its dimensions the one of this type that it was.
  func reduced(_ axes: [Int], keepingDimensions: Bool) -> (type: TensorType, axes: [Int]) {
    if keepingDimensions {
      return (
        with(shape: shape.indices.map { axes.contains($0) ? 1 : shape[$0] }), Array(shape.indices)
      )
    }
    let kept = shape.indices.filter { !axes.contains($0) }
    // Batch and channels are still there: what space is left stays between them in memory.
    let layout = axes.contains(0) || axes.contains(1) ? Layout.rowMajor : layout
    return (TensorType(kept.map { shape[$0] }, scalar, layout), kept)
  }
}
