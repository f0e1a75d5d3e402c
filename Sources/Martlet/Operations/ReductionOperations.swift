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
    }
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    try require(
      input.scalar.isFloatingPoint && target.scalar.isFloatingPoint, name,
      "expected floating-point elements, got \(input): cast first")
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

  private func kernel(_ input: TensorType, _ output: TensorType) -> ReductionKernel {
    var strides = [Int?](repeating: nil, count: input.rank)
    let positions = input.memoryPositions
    for (axis, (size, stride)) in zip(axes, zip(output.shape, output.strides)) where size == input.shape[axis]
    {
      strides[positions[axis]] = stride
    }
    return ReductionKernel(shape: input.memoryShape, resultStrides: strides)
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    kernel(inputs[0], outputs[0]).workspaceByteCount
  }

  func run(_ call: OperationCall) {
    let (input, output) = (call.inputs[0], call.outputs[0])
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
    try require(
      input.scalar.isFloatingPoint, name, "expected floating-point elements, got \(input): cast first")
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
    ArgReductionKernel.run(
      smallest: isSmallest, input.scalar.elementType, x: call.inputs[0].address,
      y: call.outputs[0].elements(Int64.self), outer: outer, count: count, inner: inner)
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

extension Tensor {
  /// Axes from 0, negative ones counted from the end; all where none are given.
  private func checkedAxes(_ axes: [Int]?, _ operation: String) throws -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let positive = axes.map { $0 < 0 ? $0 + rank : $0 }
    try require(
      positive.allSatisfy { (0..<rank).contains($0) } && Set(positive).count == positive.count, operation,
      "expected different axes from \(-rank) to \(rank - 1), got \(axes) (input \(shape))")
    return positive
  }

  private func reduced(
    _ function: ReductionFunction, _ axes: [Int]?, _ keepDimensions: Bool, _ operation: String,
    scale: (_ count: Int) -> Double = { _ in 1 }
  ) throws -> Tensor {
    let axes = try checkedAxes(axes, operation)
    let result = type.reduced(axes, keepingDimensions: keepDimensions)
    let count = axes.reduce(1) { $0 * shape[$1] }
    return try Tensor.apply(
      ReductionOperation(function: function, target: result.type, axes: result.axes, scale: scale(count)),
      [self])[0]
  }

  /// The sum over some axes (all of them by default), accurate for any number of elements: partial sums are kept in
  /// double precision and added in a fixed order.
  ///
  /// - Parameters:
  ///   - axes: Axes to reduce; negative ones count from the end.
  ///   - keepDimensions: Whether reduced axes stay, with size 1.
  public func sum(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.sum, axes, keepDimensions, "sum")
  }

  /// The mean over some axes, or over all elements; not a number where there are none.
  public func mean(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.sum, axes, keepDimensions, "mean") { 1 / Double($0) }
  }

  /// The largest element over some axes. Equal ones share the gradient.
  public func max(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.maximum, axes, keepDimensions, "amax")
  }

  /// The smallest element over some axes.
  public func min(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.minimum, axes, keepDimensions, "amin")
  }

  /// The mean squared distance from the mean over some axes, times n / (n − correction).
  public func variance(
    axes: [Int]? = nil, keepDimensions: Bool = false, correction: Double = 1
  ) throws -> Tensor {
    let centered = try self - mean(axes: axes, keepDimensions: true)
    return try centered.reduced(.sumOfSquares, axes, keepDimensions, "var") {
      1 / Swift.max(0, Double($0) - correction)
    }
  }

  /// The sum of all squares, as one float64.
  public func sumOfSquares() throws -> Tensor {
    try Tensor.apply(
      ReductionOperation(function: .sumOfSquares, target: TensorType([], .float64), axes: [], scale: 1),
      [self])[0]
  }

  /// The first index of the largest element along an axis, as int64.
  public func argmax(axis: Int, keepDimension: Bool = false) throws -> Tensor {
    try argReduced(isSmallest: false, axis, keepDimension)
  }

  /// The first index of the smallest element along an axis, as int64.
  public func argmin(axis: Int, keepDimension: Bool = false) throws -> Tensor {
    try argReduced(isSmallest: true, axis, keepDimension)
  }

  private func argReduced(isSmallest: Bool, _ axis: Int, _ keepDimension: Bool) throws -> Tensor {
    let operation = ArgReductionOperation(
      isSmallest: isSmallest, axis: axis < 0 ? axis + rank : axis, keepsDimension: keepDimension)
    // Without its batch a channels-last tensor has no layout that fits.
    let input = operation.axis == 0 && !keepDimension ? try converted(to: .rowMajor) : self
    return try Tensor.apply(operation, [input])[0]
  }
}
