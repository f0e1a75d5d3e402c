import MartletKernels

/// Reorders axes: the output's axis `i` is the input's axis `axes[i]`.
public struct Permute: Operation {
  /// Each axis of the input once, counted from the front.
  public var axes: [Int]

  public init(_ axes: [Int]) { self.axes = axes }

  public var name: String { "permute" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool {
    axes == Array(axes.indices) && inputs[0] == outputs[0]
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      axes.sorted() == Array(0..<inputs[0].rank), name,
      "expected each axis of \(inputs[0]) once, got \(axes)")
    return [TensorType(axes.map { inputs[0].shape[$0] }, inputs[0].scalar)]
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0], call.outputs[0])
    let strides = input.type.strides
    StridedCopy(
      shape: output.type.shape, sourceStrides: axes.map { strides[$0] }, targetStrides: output.type.strides,
      elementByteCount: input.type.scalar.byteCount
    ).run(from: input.address, to: output.address)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    var inverse = axes
    for (position, axis) in axes.enumerated() { inverse[axis] = position }
    return [try context.outputGradient.permuted(inverse)]
  }
}

extension Tensor {
  /// Reorders axes, as `torch.permute`: axis `i` of the result is axis `axes[i]` of this tensor. Negative axes count
  /// from the end.
  ///
  /// Free where a layout exists that leaves the bytes as they are, such as from a row-major [N, L, C] to a
  /// channels-last [N, C, L] and back.
  public func permuted(_ axes: [Int]) throws -> Tensor {
    let axes = try axes.map { try checkedAxis($0, "permute") }
    try require(
      axes.sorted() == Array(0..<rank), "permute", "expected each axis of shape \(shape) once, got \(axes)")
    if axes == Array(0..<rank) { return self }
    let strides = type.strides
    let moved = axes.map { strides[$0] }
    let movedShape = axes.map { shape[$0] }
    for layout in rank < 3 ? [Layout.rowMajor] : [.rowMajor, .channelsLast]
    where TensorType(movedShape, scalar, layout).hasSameOrder(asStrides: moved, shape: movedShape) {
      return try Tensor.apply(View(shape: movedShape, layout: layout), [self])[0]
    }
    return try Tensor.apply(Permute(axes), [self])[0]
  }

  /// Exchanges two axes. Negative axes count from the end.
  public func transposed(_ first: Int, _ second: Int) throws -> Tensor {
    var axes = Array(0..<rank)
    axes.swapAt(try checkedAxis(first, "transpose"), try checkedAxis(second, "transpose"))
    return try permuted(axes)
  }
}
