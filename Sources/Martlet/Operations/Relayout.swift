import MartletKernels

/// The same bytes under another shape or layout.
///
/// Whoever applies it has made sure that the bytes mean the wanted thing; it costs nothing.
public struct View: Operation {
  /// The result's, of as many elements as the input.
  public var shape: [Int]
  /// The result's.
  public var layout: Layout

  public init(shape: [Int], layout: Layout = .rowMajor) {
    self.shape = shape
    self.layout = layout
  }

  public var name: String { "view" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { inputs[0] == outputs[0] }
  public var viewedInput: Int? { 0 }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let output = TensorType(shape, inputs[0].scalar, layout)
    try require(
      output.elementCount == inputs[0].elementCount, name,
      "expected \(inputs[0].elementCount) elements as in \(inputs[0]), got shape \(shape)")
    return [output]
  }

  public func run(_ call: OperationCall) throws {
    guard call.outputs[0].address != call.inputs[0].address else { return }
    call.outputs[0].address.copyMemory(from: call.inputs[0].address, byteCount: call.inputs[0].type.byteCount)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    // The bytes agree only when the gradient lies in memory as the output does.
    let gradient = try context.outputGradient.converted(to: context.outputs[0].layout)
    return try Tensor.apply(
      View(shape: context.inputs[0].shape, layout: context.inputs[0].layout), [gradient])
  }
}

/// Moves the elements of an activation between the two layouts.
public struct Relayout: Operation {
  /// The result's. Below rank 3 it is always row-major.
  public var layout: Layout

  public init(_ layout: Layout) { self.layout = layout }

  public var name: String { "relayout" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { inputs[0] == outputs[0] }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    [inputs[0].with(layout: layout)]
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0], call.outputs[0])
    StridedCopy(
      shape: input.type.shape, sourceStrides: input.type.strides, targetStrides: output.type.strides,
      elementByteCount: input.type.scalar.byteCount
    ).run(from: input.address, to: output.address)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    [try context.outputGradient.converted(to: context.inputs[0].layout)]
  }
}

extension TensorType {
  /// Whether this type's elements lie in memory in the same order as another's of the same shape, axis by axis.
  func hasSameOrder(asStrides strides: [Int], shape: [Int]) -> Bool {
    guard self.shape == shape else { return false }
    if elementCount == 0 { return true }
    return zip(zip(self.strides, strides), shape).allSatisfy { $0.0 == $0.1 || $1 == 1 }
  }
}

extension Tensor {
  /// The same tensor with its elements in another order in memory. Free where both orders are the same: below rank
  /// 3, with one channel, or with one position of space.
  public func converted(to layout: Layout) throws -> Tensor {
    let wanted = type.with(layout: layout)
    if wanted == type { return self }
    if wanted.hasSameOrder(asStrides: type.strides, shape: shape) {
      return try Tensor.apply(View(shape: shape, layout: layout), [self])[0]
    }
    return try Tensor.apply(Relayout(layout), [self])[0]
  }
}
