import MartletKernels

/// Takes every `steps[d]`-th element from `starts[d]` on, `counts[d]` of them, along each axis; backwards where the step is
/// negative.
public struct Slice: Operation {
  /// The first element that is taken, for each axis, counted from the front.
  public var starts: [Int]
  /// How many are taken along each axis: the result's shape.
  public var counts: [Int]
  /// How far it is from one to the next, for each axis; not 0.
  public var steps: [Int]

  public init(starts: [Int], counts: [Int], steps: [Int]) {
    self.starts = starts
    self.counts = counts
    self.steps = steps
  }

  public var name: String { "slice" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool {
    // An axis that is taken whole can still be taken backwards.
    inputs[0] == outputs[0] && zip(counts, steps).allSatisfy { $0 <= 1 || $1 == 1 }
  }

  /// Whether the elements that are named exist in a tensor of this shape.
  func fits(_ shape: [Int]) -> Bool {
    starts.count == shape.count && counts.count == shape.count && steps.count == shape.count
      && shape.indices.allSatisfy {
        let last = (counts[$0] - 1).multipliedReportingOverflow(by: steps[$0])
        return starts[$0] >= 0 && counts[$0] >= 0 && steps[$0] != 0 && !last.overflow
          && (counts[$0] == 0
            || starts[$0] < shape[$0] && (-starts[$0]..<shape[$0] - starts[$0]).contains(last.partialValue))
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
  /// The places in the result.
  public var slice: Slice
  /// The result's.
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
  /// `x[start:end:step]`: negative positions count from the end, positions beyond the ends are brought to them, and a
  /// negative step goes backwards.
  ///
  /// - Throws: ``MartletError`` for an axis that does not exist or a step of 0.
  public func sliced(axis: Int, from start: Int? = nil, to end: Int? = nil, step: Int = 1) throws -> Tensor {
    try sliced(axes: [axis], from: [start], to: [end], steps: [step])
  }

  /// The same along several axes at once.
  public func sliced(axes: [Int], from starts: [Int?], to ends: [Int?], steps: [Int]? = nil) throws -> Tensor
  {
    let steps = steps ?? axes.map { _ in 1 }
    let positive = try axes.map { try checkedAxis($0, "slice") }
    try require(
      starts.count == axes.count && ends.count == axes.count && steps.count == axes.count
        && Set(positive).count == axes.count, "slice",
      "expected a start, an end and a step for each of different axes, got \(starts), \(ends) and \(steps) for "
        + "\(axes)")
    try require(steps.allSatisfy { $0 != 0 }, "slice", "expected steps that are not 0, got \(steps)")
    var slice = Slice(
      starts: [Int](repeating: 0, count: rank), counts: shape, steps: [Int](repeating: 1, count: rank))
    for (index, axis) in positive.enumerated() {
      let size = shape[axis]
      // A step beyond the end takes the first element alone, however long it is.
      let step = Swift.min(Swift.max(steps[index], -Swift.max(size, 1)), Swift.max(size, 1))
      // Backwards, positions are one to the left: before the first element is where an end may be.
      let edges = step > 0 ? 0...size : -1...size - 1
      func position(_ value: Int) -> Int {
        Swift.min(Swift.max(value < 0 ? value + size : value, edges.lowerBound), edges.upperBound)
      }
      let first = starts[index].map(position) ?? (step > 0 ? edges.lowerBound : edges.upperBound)
      let last = ends[index].map(position) ?? (step > 0 ? edges.upperBound : edges.lowerBound)
      let length = step > 0 ? last - first : first - last
      slice.counts[axis] = Swift.max(0, (length + Swift.abs(step) - 1) / Swift.abs(step))
      slice.starts[axis] = slice.counts[axis] == 0 ? 0 : first
      slice.steps[axis] = step
    }
    let changes = positive.contains { slice.counts[$0] != shape[$0] || slice.steps[$0] != 1 }
    return changes ? try Tensor.apply(slice, [self])[0] : self
  }

  /// The elements along an axis from the last to the first, as `torch.flip`.
  public func reversed(axis: Int) throws -> Tensor { try sliced(axis: axis, step: -1) }

  /// The tensor in parts along an axis, of the given sizes, as `torch.split`.
  ///
  /// - Throws: ``MartletError`` unless the sizes add up to the axis's.
  public func split(sizes: [Int], axis: Int) throws -> [Tensor] {
    let axis = try checkedAxis(axis, "split")
    try require(
      sizes.allSatisfy { (0...shape[axis]).contains($0) } && sizes.reduce(0, &+) == shape[axis], "split",
      "expected sizes that add up to \(shape[axis]), got \(sizes) (\(type))")
    var start = 0
    return try sizes.map { size in
      defer { start += size }
      return try sliced(axis: axis, from: start, to: start + size)
    }
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
