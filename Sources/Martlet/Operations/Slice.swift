import MartletKernels

/// Takes every `steps[d]`-th element from `starts[d]` on, `counts[d]` of them, along each axis.
public struct Slice: Operation {
  public var starts: [Int]
  public var counts: [Int]
  public var steps: [Int]

  public init(starts: [Int], counts: [Int], steps: [Int]) {
    self.starts = starts
    self.counts = counts
    self.steps = steps
  }

  public var name: String { "slice" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { inputs[0] == outputs[0] }

  /// Whether the elements that are named exist in a tensor of this shape.
  func fits(_ shape: [Int]) -> Bool {
    starts.count == shape.count && counts.count == shape.count && steps.count == shape.count
      && shape.indices.allSatisfy {
        starts[$0] >= 0 && counts[$0] >= 0 && steps[$0] >= 1
          && (counts[$0] == 0 || starts[$0] + (counts[$0] - 1) * steps[$0] < shape[$0])
      }
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      fits(inputs[0].shape), name,
      "starts \(starts), counts \(counts) and steps \(steps) do not lie in \(inputs[0])")
    return [inputs[0].with(shape: counts)]
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0], call.outputs[0])
    copy(whole: input.type, part: output.type) { offset, strides in
      StridedCopy(
        shape: counts, sourceStrides: strides, targetStrides: output.type.strides,
        elementByteCount: input.type.scalar.byteCount
      ).run(from: input.address + offset, to: output.address)
    }
  }

  /// Gives the byte offset of the part's first element in the whole, and the part's strides there.
  func copy(whole: TensorType, part: TensorType, _ body: (_ offset: Int, _ strides: [Int]) -> Void) {
    guard part.elementCount > 0 else { return }
    let strides = whole.strides
    let offset = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    body(offset * whole.scalar.byteCount, zip(steps, strides).map { $0 * $1 })
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let gradient = try context.outputGradient.converted(to: context.inputs[0].layout)
    return try Tensor.apply(ScatterSlice(self, shape: context.inputs[0].shape), [gradient])
  }
}

/// Zeros with the elements of the input at the places that a slice names: the gradient of ``Slice``.
public struct ScatterSlice: Operation {
  public var slice: Slice
  public var shape: [Int]

  public init(_ slice: Slice, shape: [Int]) {
    self.slice = slice
    self.shape = shape
  }

  public var name: String { "scatter_slice" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0].shape == slice.counts && slice.fits(shape), name,
      "expected a part of shape \(slice.counts) of \(shape), got \(inputs[0])")
    return [inputs[0].with(shape: shape)]
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0], call.outputs[0])
    StridedCopy.zero(output.address, byteCount: output.type.byteCount)
    slice.copy(whole: output.type, part: input.type) { offset, strides in
      StridedCopy(
        shape: slice.counts, sourceStrides: input.type.strides, targetStrides: strides,
        elementByteCount: input.type.scalar.byteCount
      ).run(from: input.address, to: output.address + offset)
    }
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(slice, [context.outputGradient])
  }
}

extension Tensor {
  /// The elements from `start` up to but not including `end` along an axis, every `step`-th of them, as Python's
  /// `x[start:end:step]`: negative positions count from the end, and positions beyond the ends are brought to them.
  ///
  /// - Throws: ``MartletError`` for an axis that does not exist or a step below 1.
  public func sliced(axis: Int, from start: Int = 0, to end: Int? = nil, step: Int = 1) throws -> Tensor {
    let axis = try checkedAxis(axis, "slice")
    try require(step >= 1, "slice", "expected a step of 1 or more, got \(step)")
    let size = shape[axis]
    func position(_ value: Int) -> Int { Swift.min(Swift.max(value < 0 ? value + size : value, 0), size) }
    let first = position(start)
    let last = Swift.max(position(end ?? size), first)
    if first == 0, last == size, step == 1 { return self }
    var slice = Slice(
      starts: [Int](repeating: 0, count: rank), counts: shape, steps: [Int](repeating: 1, count: rank))
    slice.starts[axis] = first
    // A step beyond the end takes the first element alone, however long it is.
    slice.steps[axis] = Swift.min(step, Swift.max(size, 1))
    slice.counts[axis] = (last - first + slice.steps[axis] - 1) / slice.steps[axis]
    return try Tensor.apply(slice, [self])[0]
  }

  /// A window of space of [N, C, space…], one number an axis.
  ///
  /// - Throws: ``MartletError`` where the window does not lie in space.
  public func cropped(start: [Int], space: [Int]) throws -> Tensor {
    let whole = type.space
    try require(
      start.count == whole.count && space.count == whole.count
        && whole.indices.allSatisfy { start[$0] >= 0 && space[$0] >= 0 && space[$0] <= whole[$0] - start[$0] },
      "crop", "a window of \(space) from \(start) does not lie in \(type)")
    if space == whole { return self }
    return try Tensor.apply(
      Slice(
        starts: [0, 0] + start, counts: shape.prefix(2) + space, steps: [Int](repeating: 1, count: rank)),
      [self])[0]
  }
}
