import MartletKernels

extension ScalarType {
  /// What kernels call the type.
  var elementType: ElementType {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .bool: .bool
    }
  }
}

extension TensorType {
  /// The shape that results when tensors of these shapes meet in an element-wise operation, by NumPy's rule: shapes
  /// are aligned at their last dimensions, and a size of 1 (or a missing dimension) is repeated.
  static func broadcastShape(_ shapes: [[Int]], _ operation: String) throws -> [Int] {
    let rank = shapes.map(\.count).max() ?? 0
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (offset, size) in shape.enumerated() where size != 1 {
        let axis = rank - shape.count + offset
        try require(
          result[axis] == 1 || result[axis] == size, operation,
          "expected shapes that broadcast, got \(shapes.map { "\($0)" }.joined(separator: " and "))")
        result[axis] = size
      }
    }
    return result
  }

  /// The layout of an element-wise result of this rank: channels-last if any operand of full rank is so.
  static func broadcastLayout(_ operands: [TensorType], rank: Int) -> Layout {
    operands.contains { $0.rank == rank && $0.layout == .channelsLast } ? .channelsLast : .rowMajor
  }

  /// For each dimension of `result` in memory order, how many of this tensor's elements to move by: zero where it is
  /// repeated. Shapes are aligned at their last dimensions.
  func strides(broadcastTo result: TensorType) -> [Int] {
    strides(broadcastTo: result, along: Array(result.rank - rank..<result.rank))
  }

  /// The same, dimension i of this tensor being dimension `axes[i]` of the result.
  func strides(broadcastTo result: TensorType, along axes: [Int]) -> [Int] {
    var aligned = [Int](repeating: 0, count: result.rank)
    let positions = result.memoryPositions
    for (own, (axis, stride)) in zip(axes, strides).enumerated() where shape[own] != 1 {
      aligned[positions[axis]] = stride
    }
    return aligned
  }

  /// Whether a tensor of this type, broadcast to `result`, is repeated or lies in memory just as the result does:
  /// then a result of the same size may be written over it.
  func liesLike(_ result: TensorType) -> Bool {
    guard elementCount == result.elementCount else { return true }
    let own = strides(broadcastTo: result)
    let dense = result.strides(broadcastTo: result)
    return own == dense
  }
}

extension Operand {
  /// This operand of an element-wise loop over `result`.
  func broadcast(to result: TensorType) -> BroadcastOperand {
    BroadcastOperand(start: UnsafeRawPointer(address), strides: type.strides(broadcastTo: result))
  }
}

extension Tensor {
  /// Operands of one element-wise operation, those as large as the result laid out as it is.
  static func aligned(_ tensors: [Tensor], _ operation: String) throws -> [Tensor] {
    let shape = try TensorType.broadcastShape(tensors.map(\.shape), operation)
    let layout = TensorType.broadcastLayout(tensors.map(\.type), rank: shape.count)
    return try tensors.map { tensor in
      let result = TensorType(shape, tensor.scalar, layout)
      if tensor.type.liesLike(result) { return tensor }
      return tensor.rank == result.rank ? try tensor.converted(to: layout) : try tensor.broadcast(to: result)
    }
  }
}

/// Repeats a tensor along new dimensions and along those of size 1, times a factor.
struct BroadcastOperation: Operation {
  /// Shape and layout of the result; the element type is the input's.
  var target: TensorType
  /// For each dimension of the input, the result's dimension that it becomes.
  var axes: [Int]
  var scale: Double = 1

  var name: String { "broadcast" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    let fits =
      axes.count == input.rank && axes == axes.sorted() && Set(axes).count == axes.count
      && zip(axes, input.shape).allSatisfy { axis, size in
        target.shape.indices.contains(axis) && (size == 1 || size == target.shape[axis])
      }
    try require(fits, name, "expected a shape that broadcasts to \(target.shape), got \(input.shape)")
    try require(
      scale == 1 || input.scalar.isFloatingPoint, name,
      "expected floating point to scale, got \(input.scalar.rawValue)")
    return [target.with(scalar: input.scalar)]
  }

  func run(_ call: OperationCall) {
    let (input, output) = (call.inputs[0], call.outputs[0])
    Elementwise.broadcast(
      input.type.scalar.elementType,
      BroadcastOperand(
        start: UnsafeRawPointer(input.address),
        strides: input.type.strides(broadcastTo: output.type, along: axes)),
      output.address, shape: output.type.memoryShape, scale: scale)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let reduction = ReductionOperation(
      function: .sum, target: context.inputs[0].type, axes: axes, scale: scale)
    return [try Tensor.apply(reduction, [context.outputGradient])[0]]
  }
}

extension Tensor {
  /// Repeats the tensor to a shape, by NumPy's rule: shapes are aligned at their last dimensions, and sizes of 1 and
  /// missing dimensions are repeated. Layout is kept where ranks are equal.
  ///
  /// - Throws: ``MartletError`` when the shapes do not fit.
  public func broadcast(to shape: [Int]) throws -> Tensor {
    try broadcast(to: TensorType(shape, scalar, rank == shape.count ? layout : .rowMajor))
  }

  /// The same with a layout for the result.
  func broadcast(to target: TensorType) throws -> Tensor {
    if type == target { return self }
    try require(
      rank <= target.rank, "broadcast", "expected a shape that broadcasts to \(target.shape), got \(shape)")
    return try Tensor.apply(
      BroadcastOperation(target: target, axes: Array(target.rank - rank..<target.rank)), [self])[0]
  }

  /// The sum over what ``broadcast(to:)`` from `target` repeats: how a gradient comes back from a broadcast.
  func sum(to target: TensorType) throws -> Tensor {
    if type == target { return self }
    if shape == target.shape { return try converted(to: target.layout) }
    let reduction = ReductionOperation(
      function: .sum, target: target, axes: Array(rank - target.rank..<rank), scale: 1)
    return try Tensor.apply(reduction, [self])[0]
  }
}
