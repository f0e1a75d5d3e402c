import MartletKernels

/// What becomes of an element that another is scattered to.
public enum ScatterReduction: Hashable, Sendable, CaseIterable {
  /// The other takes its place; of several the last one.
  case replace
  /// The sum, the product, the smaller or the larger of both takes its place. Of these only sums have a gradient.
  case add, multiply, minimum, maximum

  var function: ScatterFunction {
    switch self {
    case .replace: .replace
    case .add: .add
    case .multiply: .multiply
    case .minimum: .minimum
    case .maximum: .maximum
    }
  }
}

/// A tensor with elements of another put, along an axis, where an index tensor says, in order along that axis.
///
/// Inputs: the tensor, indices of its rank, and as many elements, row-major.
struct ScatterElements: Operation {
  var axis: Int
  var reduction: ScatterReduction

  var name: String { "scatter" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (target, indices, source) = (inputs[0], inputs[1], inputs[2])
    try checkGather(target, indices, axis, name)
    try require(
      source.scalar == target.scalar && source.shape == indices.shape && source.layout == .rowMajor, name,
      "expected row-major \(target.scalar.rawValue)\(indices.shape) to scatter, got \(source)")
    try require(
      target.scalar != .bool || reduction == .replace, name, "expected numbers, got \(target): cast first")
    return [target]
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0], call.outputs[0])
    let indexType = call.inputs[1].type
    let indices = call.indices(1)
    try indices.check(indexType, limit: output.type.shape[axis], name)
    let scalar = output.type.scalar
    if output.address != input.address {
      StridedCopy(
        shape: [output.type.elementCount], sourceStrides: [1], targetStrides: [1],
        elementByteCount: scalar.byteCount
      ).run(from: input.address, to: output.address)
    }
    AxisGather(indexShape: indexType.shape, sourceStrides: output.type.strides, axis: axis)
      .scatter(
        reduction.function, scalar.elementType, call.inputs[2].address, indices: indices,
        target: output.address)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (dy, indices) = (context.outputGradient, context.inputs[1])
    try require(
      reduction == .replace || reduction == .add, name, "is only differentiable where it replaces or adds")
    let gathered = try dy.gathered(indices, axis: axis)
    guard reduction == .replace else { return [dy, nil, gathered] }
    let zeros = try Tensor.zeros([], dy.scalar).broadcast(to: indices.shape)
    return [
      try Tensor.apply(self, [dy, indices, zeros])[0], nil,
      try Tensor.select(staying(indices, in: dy.shape), gathered, zeros),
    ]
  }

  /// Which elements are in the result: the last of those that are put in one place.
  private func staying(_ indices: Tensor, in shape: [Int]) throws -> Tensor {
    let numbers = try Tensor.range(from: 0, to: indices.shape.reduce(1, *)).reshaped(to: indices.shape)
    let last = try Tensor.full(-1, TensorType([], .int64)).broadcast(to: shape)
      .scattering(numbers, at: indices, axis: axis)
    return try last.gathered(indices, axis: axis).equal(to: numbers)
  }
}

/// Indices into several axes as one each into all of them together, in row-major order.
///
/// Input: […, k], one index for each of k sizes, negative ones counted from the end. Output: […], int64.
struct LinearIndices: Operation {
  var sizes: [Int]
  /// Into how many tensors of these sizes, one after the other, as many equal parts of the indices are.
  var batch = 1

  var name: String { "gather_nd" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let indices = inputs[0]
    try indices.requireIndices(name)
    try require(
      indices.rank >= 1 && indices.shape[indices.rank - 1] == sizes.count && indices.layout == .rowMajor,
      name,
      "expected row-major indices […, \(sizes.count)], got \(indices)")
    return [TensorType(Array(indices.shape.dropLast()), .int64)]
  }

  func run(_ call: OperationCall) throws {
    let input = call.inputs[0]
    let output = call.outputs[0].elements(Int64.self)
    let count = call.outputs[0].type.elementCount
    let size = sizes.reduce(1, *)
    func fill<Index: FixedWidthInteger>(_ indices: UnsafePointer<Index>) throws {
      for item in 0..<count {
        var place = item / (count / batch)
        for (axis, size) in sizes.enumerated() {
          let given = Int(indices[item * sizes.count + axis])
          let index = given < 0 ? given + size : given
          try require(
            (0..<size).contains(index), name,
            "expected indices from \(-size) to \(size - 1), got \(given) at \(item) of \(input.type)")
          place = place * size + index
        }
        output[item] = Int64(place)
      }
    }
    guard count > 0 else { return }
    precondition(count % batch == 0 && size >= 0)
    if input.type.scalar == .int32 {
      try fill(input.elements(Int32.self))
    } else {
      try fill(input.elements(Int64.self))
    }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension Tensor {
  /// These indices with negative ones counted from the end of an axis of a size.
  public func countedFromFront(of size: Int) throws -> Tensor {
    try type.requireIndices("gather")
    let isNegative = try less(than: 0)
    return try Tensor.select(isNegative, self + Tensor.full(Double(size), TensorType([], scalar)), self)
  }

  /// This tensor with elements put along an axis where `indices` say, as ONNX's ScatterElements: for axis 1 the element
  /// [i, j] of `elements` goes to [i, indices[i, j]].
  ///
  /// - Throws: ``MartletError`` where shapes or types do not fit; when it runs, for an index out of range.
  public func scattering(
    _ elements: Tensor, at indices: Tensor, axis: Int, _ reduction: ScatterReduction = .replace
  ) throws -> Tensor {
    let axis = try checkedAxis(axis, "scatter")
    return try Tensor.apply(
      ScatterElements(axis: axis, reduction: reduction),
      [self, indices.converted(to: .rowMajor), elements.converted(to: .rowMajor)])[0]
  }

  /// The parts of this tensor that index tuples name, as ONNX's GatherND: the last axis of `indices` holds one index for
  /// each of the first axes, negative ones counted from the end.
  ///
  /// - Parameter batchAxes: Leading axes that this tensor and the indices share, and that are not indexed.
  /// - Returns: [batch…, the indices' other axes but the last…, the axes not indexed…], row-major.
  public func gatheredND(_ indices: Tensor, batchAxes: Int = 0) throws -> Tensor {
    let parts = try partsNamed(by: indices, batchAxes: batchAxes, "gather_nd")
    let rows = try reshaped(to: [parts.count, parts.width])
    let places = try parts.places.flattened()
    let shape = Array(indices.shape.dropLast()) + self.shape[(batchAxes + parts.depth)...]
    return try rows.selecting(places).reshaped(to: shape)
  }

  /// This tensor with parts put where index tuples say, as ONNX's ScatterND: the last axis of `indices` holds one index
  /// for each of the first axes, negative ones counted from the end.
  ///
  /// - Parameter parts: [the indices' axes but the last…, the axes not indexed…].
  /// - Returns: This tensor's shape, row-major.
  public func scatteringND(
    _ parts: Tensor, at indices: Tensor, _ reduction: ScatterReduction = .replace
  ) throws -> Tensor {
    let named = try partsNamed(by: indices, batchAxes: 0, "scatter_nd")
    let shape = Array(indices.shape.dropLast()) + self.shape[named.depth...]
    try require(
      parts.shape == shape && parts.scalar == scalar, "scatter_nd",
      "expected \(scalar.rawValue)\(shape) to scatter, got \(parts.type)")
    let count = shape.prefix(indices.rank - 1).reduce(1, *)
    let places = try named.places.reshaped(to: [count, 1]).broadcast(to: [count, named.width])
    return try reshaped(to: [named.count, named.width])
      .scattering(parts.reshaped(to: [count, named.width]), at: places, axis: 0, reduction)
      .reshaped(to: self.shape)
  }

  /// The parts that index tuples name as rows of a table: how many there are and how wide, how many axes are indexed
  /// and which rows are named.
  private func partsNamed(
    by indices: Tensor, batchAxes: Int, _ operation: String
  ) throws -> (count: Int, width: Int, depth: Int, places: Tensor) {
    let depth = indices.shape.last ?? 0
    try require(
      (0...rank).contains(batchAxes) && indices.rank > batchAxes && depth >= 1 && batchAxes + depth <= rank
        && indices.shape.prefix(batchAxes) == shape.prefix(batchAxes), operation,
      "expected indices […, 1 to \(rank &- batchAxes)] with the first \(batchAxes) axes of \(type), got "
        + "\(indices.type)")
    let batch = shape.prefix(batchAxes).reduce(1, *)
    let sizes = Array(shape[batchAxes..<batchAxes + depth])
    let linear = LinearIndices(sizes: sizes, batch: Swift.max(batch, 1))
    return (
      batch * sizes.reduce(1, *), shape[(batchAxes + depth)...].reduce(1, *), depth,
      try Tensor.apply(linear, [indices.converted(to: .rowMajor)])[0]
    )
  }
}
