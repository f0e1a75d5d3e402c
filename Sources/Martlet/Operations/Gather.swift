import MartletKernels

/// Takes slices of a tensor along an axis by an integer tensor of any shape, which takes the axis's place.
///
/// With axis 0 and a table of rows it is PyTorch's `embedding`, with a vector of indices its `index_select`.
public struct IndexSelect: Operation {
  /// The axis that indices name slices of, counted from the front.
  public var axis: Int
  /// A row whose gradient is zero, as `padding_idx` of PyTorch's Embedding.
  public var paddingIndex: Int?

  public init(axis: Int, paddingIndex: Int? = nil) {
    self.axis = axis
    self.paddingIndex = paddingIndex
  }

  public var name: String { "index_select" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (source, indices) = (inputs[0], inputs[1])
    try require(
      source.shape.indices.contains(axis), name,
      "expected an axis below \(source.rank), got \(axis) (\(source))")
    try indices.requireIndices(name)
    try require(
      source.layout == .rowMajor && indices.layout == .rowMajor, name,
      "expected row-major inputs, got \(source) and \(indices)")
    if let paddingIndex {
      try require(
        (0..<source.shape[axis]).contains(paddingIndex), name,
        "expected a padding index from 0 to \(source.shape[axis] - 1), got \(paddingIndex)")
    }
    return [source.with(shape: Array(source.shape[..<axis]) + indices.shape + source.shape[(axis + 1)...])]
  }

  public func run(_ call: OperationCall) throws {
    let source = call.inputs[0].type
    let indices = call.indices(1)
    try indices.check(call.inputs[1].type, limit: source.shape[axis], name)
    let inner = source.shape[(axis + 1)...].reduce(1, *)
    Gather.rows(
      call.inputs[0].address, outer: source.shape[..<axis].reduce(1, *), sourceRows: source.shape[axis],
      rowByteCount: inner * source.scalar.byteCount, indices: indices,
      count: call.inputs[1].type.elementCount, target: call.outputs[0].address)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let add = IndexAdd(axis: axis, size: context.inputs[0].shape[axis], paddingIndex: paddingIndex)
    let gradient = try context.outputGradient.converted(to: .rowMajor)
    return [try Tensor.apply(add, [gradient, context.inputs[1]])[0], nil]
  }
}

/// Adds slices into zeros at the places that an integer tensor names, in its order: the gradient of ``IndexSelect``.
public struct IndexAdd: Operation {
  /// The result's axis that indices name slices of; the input has the indices' axes in its place.
  public var axis: Int
  /// The result's along the axis.
  public var size: Int
  /// A row that stays zero.
  public var paddingIndex: Int?

  public init(axis: Int, size: Int, paddingIndex: Int? = nil) {
    self.axis = axis
    self.size = size
    self.paddingIndex = paddingIndex
  }

  public var name: String { "index_add" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (source, indices) = (inputs[0], inputs[1])
    _ = try source.realFormat(name)
    try indices.requireIndices(name)
    try require(
      axis >= 0 && source.rank >= axis + indices.rank
        && Array(source.shape[axis..<(axis + indices.rank)]) == indices.shape, name,
      "expected indices of the shape from axis \(axis) of \(source), got \(indices)")
    try require(
      source.layout == .rowMajor && indices.layout == .rowMajor, name,
      "expected row-major inputs, got \(source) and \(indices)")
    return [
      source.with(shape: Array(source.shape[..<axis]) + [size] + source.shape[(axis + indices.rank)...])
    ]
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    Gather.addRowsWorkspaceByteCount(targetRows: size, count: inputs[1].elementCount)
  }

  public func run(_ call: OperationCall) throws {
    let source = call.inputs[0].type
    let indices = call.indices(1)
    try indices.check(call.inputs[1].type, limit: size, name)
    Gather.addRows(
      call.inputs[0].address, outer: source.shape[..<axis].reduce(1, *), targetRows: size,
      width: call.outputs[0].type.shape[(axis + 1)...].reduce(1, *), indices: indices,
      count: call.inputs[1].type.elementCount, skipping: paddingIndex, target: call.outputs[0].address,
      format: source.checkedFormat, workspace: call.workspace)
  }
}

/// Takes one element along an axis for every element of an index tensor, as `torch.gather`.
public struct GatherElements: Operation {
  /// The axis that indices are places along, counted from the front.
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public var name: String { "gather" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (source, indices) = (inputs[0], inputs[1])
    try checkGather(source, indices, axis, name)
    return [source.with(shape: indices.shape, layout: .rowMajor)]
  }

  public func run(_ call: OperationCall) throws {
    let (source, indexType) = (call.inputs[0].type, call.inputs[1].type)
    let indices = call.indices(1)
    try indices.check(indexType, limit: source.shape[axis], name)
    AxisGather(indexShape: indexType.shape, sourceStrides: source.strides, axis: axis)
      .run(
        call.inputs[0].address, indices: indices, target: call.outputs[0].address,
        elementByteCount: source.scalar.byteCount)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let source = context.inputs[0].type
    let gradient = try context.outputGradient.converted(to: .rowMajor)
    return [
      try Tensor.apply(
        ScatterAddElements(axis: axis, shape: source.shape, layout: source.layout),
        [gradient, context.inputs[1]])[0],
      nil,
    ]
  }
}

/// Adds every element into zeros at the place along an axis that an index tensor names, in order along that axis: the
/// gradient of ``GatherElements``.
public struct ScatterAddElements: Operation {
  /// The axis of the result that indices are places along, counted from the front.
  public var axis: Int
  /// The result's.
  public var shape: [Int]
  /// The result's. What is added is row-major.
  public var layout: Layout

  public init(axis: Int, shape: [Int], layout: Layout = .rowMajor) {
    self.axis = axis
    self.shape = shape
    self.layout = layout
  }

  public var name: String { "scatter_add" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (source, indices) = (inputs[0], inputs[1])
    _ = try source.realFormat(name)
    let output = source.with(shape: shape, layout: layout)
    try checkGather(output, indices, axis, name)
    try require(
      source.shape == indices.shape && source.layout == .rowMajor, name,
      "expected a row-major source of the indices' shape \(indices.shape), got \(source)")
    return [output]
  }

  public func run(_ call: OperationCall) throws {
    let (indexType, output) = (call.inputs[1].type, call.outputs[0])
    let indices = call.indices(1)
    try indices.check(indexType, limit: shape[axis], name)
    StridedCopy.zero(output.address, byteCount: output.type.byteCount)
    AxisGather(indexShape: indexType.shape, sourceStrides: output.type.strides, axis: axis)
      .add(
        call.inputs[0].address, indices: indices, target: output.address, format: output.type.checkedFormat)
  }
}

func checkGather(_ source: TensorType, _ indices: TensorType, _ axis: Int, _ operation: String) throws {
  try indices.requireIndices(operation)
  try require(
    source.shape.indices.contains(axis), operation, "expected an axis below \(source.rank), got \(axis)")
  try require(
    indices.rank == source.rank && indices.layout == .rowMajor
      && source.shape.indices.allSatisfy { $0 == axis || indices.shape[$0] <= source.shape[$0] }, operation,
    "expected row-major indices no larger than \(source) along axes other than \(axis), got \(indices)")
}

extension TensorType {
  func requireIndices(_ operation: String) throws {
    try require(
      scalar == .int64 || scalar == .int32, operation, "expected int32 or int64 indices, got \(self)")
  }
}

extension IndexPointer {
  func check(_ type: TensorType, limit: Int, _ operation: String) throws {
    guard let (position, value) = firstInvalid(count: type.elementCount, limit: limit) else { return }
    var place: [Int] = []
    var rest = position
    for size in type.shape.reversed() {
      place.insert(rest % size, at: 0)
      rest /= size
    }
    throw MartletError(
      operation, "expected indices from 0 to \(limit - 1), got \(value) at \(place) of \(type)")
  }
}

extension Tensor {
  /// The slices along an axis that an integer tensor names; its shape takes the axis's place.
  ///
  /// - Throws: ``MartletError`` naming the first index that is out of range, when the values are known.
  public func selecting(_ indices: Tensor, axis: Int = 0) throws -> Tensor {
    let axis = try checkedAxis(axis, "index_select")
    return try Tensor.apply(
      IndexSelect(axis: axis), [converted(to: .rowMajor), indices.converted(to: .rowMajor)])[0]
  }

  /// The rows of this table [count, width] that integers of any shape name: [shape…, width], as
  /// `torch.nn.functional.embedding`.
  ///
  /// - Parameter paddingIndex: A row that gets no gradient.
  public func embedding(_ indices: Tensor, paddingIndex: Int? = nil) throws -> Tensor {
    try require(rank == 2, "embedding", "expected a table [count, width], got \(type)")
    return try Tensor.apply(
      IndexSelect(axis: 0, paddingIndex: paddingIndex), [self, indices.converted(to: .rowMajor)])[0]
  }

  /// One element along an axis for every element of `indices`, as `torch.gather`: for axis 1 the result at [i, j] is
  /// this tensor's element [i, indices[i, j]].
  public func gathered(_ indices: Tensor, axis: Int) throws -> Tensor {
    let axis = try checkedAxis(axis, "gather")
    return try Tensor.apply(GatherElements(axis: axis), [self, indices.converted(to: .rowMajor)])[0]
  }
}
