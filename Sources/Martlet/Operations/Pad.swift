import MartletKernels

/// What lies beyond a tensor's edge when it is padded.
public enum PaddingMode: Hashable, Sendable {
  /// One value everywhere.
  case constant(Double)
  /// The tensor mirrored at its outermost element, which is not repeated.
  case reflect
  /// The outermost element.
  case replicate
  /// The tensor again, from its other end.
  case wrap
}

/// Keeps sums of sizes and amounts from overflowing.
func checkAmounts(_ amounts: [Int], _ operation: String) throws {
  try require(
    amounts.allSatisfy { abs(Double($0)) <= 0x1p31 }, operation, "expected amounts below 2^31, got \(amounts)"
  )
}

/// Adds elements of one value on each side of each axis; negative amounts take elements away.
public struct Pad: Operation {
  /// How many elements are added before the first, for each axis.
  public var before: [Int]
  /// How many elements are added after the last, for each axis.
  public var after: [Int]
  /// What is added: for integers a number that their type holds, for bool true where it is not 0.
  public var value: Double

  public init(before: [Int], after: [Int], value: Double = 0) {
    self.before = before
    self.after = after
    self.value = value
  }

  public var name: String { "pad" }

  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool {
    (before + after).allSatisfy { $0 == 0 }
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let shape = inputs[0].shape
    try require(
      before.count == shape.count && after.count == shape.count, name,
      "expected amounts for \(shape.count) axes, got \(before) and \(after)")
    try checkAmounts(before + after, name)
    let padded = shape.indices.map { shape[$0] + before[$0] + after[$0] }
    let fits: Bool =
      switch inputs[0].scalar {
      case .int32: Int32(exactly: value) != nil
      case .int64: Int64(exactly: value) != nil
      case .uint8: UInt8(exactly: value) != nil
      case .float32, .float64, .bool: true
      }
    try require(fits, name, "\(value) is not a value of \(inputs[0])")
    try require(
      padded.allSatisfy { $0 >= 0 }, name,
      "cannot take \(before) and \(after) from the sides of \(inputs[0]): nothing would be left")
    let output = inputs[0].with(shape: padded)
    try output.requireCountable(name)
    return [output]
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0], call.outputs[0])
    let size = output.type.scalar.byteCount
    let shape = input.type.shape
    let kept = shape.indices.map { shape[$0] + min(before[$0], 0) + min(after[$0], 0) }
    if kept != output.type.shape { fill(output) }
    guard kept.allSatisfy({ $0 > 0 }) else { return }
    let (from, to) = (input.type.strides, output.type.strides)
    let skipped = shape.indices.reduce(0) { $0 + max(-before[$1], 0) * from[$1] }
    let indented = shape.indices.reduce(0) { $0 + max(before[$1], 0) * to[$1] }
    StridedCopy(shape: kept, sourceStrides: from, targetStrides: to, elementByteCount: size)
      .run(from: input.address + skipped * size, to: output.address + indented * size)
  }

  private func fill(_ output: Operand) {
    func fill<Scalar: TensorScalar>(_ element: Scalar) {
      withUnsafeBytes(of: element) {
        StridedCopy.fill(
          output.address, with: $0.baseAddress!, count: output.type.elementCount, elementByteCount: $0.count)
      }
    }
    switch output.type.scalar {
    case .float32: fill(Float(value))
    case .float64: fill(value)
    case .int32: fill(Int32(value))
    case .int64: fill(Int64(value))
    case .uint8: fill(UInt8(value))
    case .bool: fill(value != 0)
    }
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(Pad(before: before.map { -$0 }, after: after.map { -$0 }), [context.outputGradient])
  }
}
