import MartletKernels

/// What lies beyond a tensor's edge when it is padded.
public enum PaddingMode: Hashable, Sendable {
  /// One value everywhere.
  case constant(Double)
  /// The tensor mirrored at its outermost element, which is not repeated.
  case reflect
  /// The outermost element.
  case replicate
}

/// Keeps sums of sizes and amounts from overflowing.
private func checkAmounts(_ amounts: [Int], _ operation: String) throws {
  try require(
    amounts.allSatisfy { abs(Double($0)) <= 0x1p31 }, operation, "expected amounts below 2^31, got \(amounts)"
  )
}

/// Adds elements of one value on each side of each axis; negative amounts take elements away.
public struct Pad: Operation {
  public var before: [Int]
  public var after: [Int]
  public var value: Double

  public init(before: [Int], after: [Int], value: Double = 0) {
    self.before = before
    self.after = after
    self.value = value
  }

  public var name: String { "pad" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { before.allSatisfy { $0 == 0 } && inputs[0] == outputs[0] }

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

/// Extends the space of an activation by its own elements.
public struct PadSpace: Operation {
  public var before: [Int]
  public var after: [Int]
  public var replicates: Bool

  public init(before: [Int], after: [Int], replicates: Bool) {
    self.before = before
    self.after = after
    self.replicates = replicates
  }

  public var name: String { replicates ? "replication_pad" : "reflection_pad" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { before.allSatisfy { $0 == 0 } && inputs[0] == outputs[0] }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let space = inputs[0].space
    try require(
      before.count == space.count && after.count == space.count, name,
      "expected amounts for \(space.count) space axes, got \(before) and \(after)")
    for (axis, size) in space.enumerated() {
      try require(
        before[axis] >= 0 && after[axis] >= 0 && (size > 0 || before[axis] + after[axis] == 0), name,
        "expected amounts of 0 or more for a space that is not empty, got \(before) and \(after) (\(inputs[0]))"
      )
    }
    try checkAmounts(before + after, name)
    let padded = space.indices.map { space[$0] + before[$0] + after[$0] }
    let output = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + padded)
    try output.requireCountable(name)
    return [output]
  }

  /// Which element of the input each element of the output is, along every space axis.
  func taps(_ space: [Int]) -> [AxisTaps] {
    space.indices.map { axis in
      let size = space[axis]
      return AxisTaps(outputSize: size + before[axis] + after[axis], sourceSize: size) { output in
        let position = output - before[axis]
        if replicates { return [(min(max(position, 0), size - 1), 0, 1)] }
        // Forth and back: a mirror at either end.
        let period = max(2 * (size - 1), 1)
        let phase = (position % period + period) % period
        return [(min(phase, period - phase, size - 1), 0, 1)]
      }
    }
  }

  private func resampling(_ input: TensorType) -> Resampling {
    Resampling(
      images: input.shape[0], channels: input.shape[1], taps: taps(input.space), format: input.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(
      PadSpaceGradient(self, space: context.inputs[0].type.space), [context.outputGradient])
  }
}

/// The gradient of ``PadSpace``: every element of the input gathers from where it was put.
public struct PadSpaceGradient: Operation {
  public var pad: PadSpace
  public var space: [Int]

  public init(_ pad: PadSpace, space: [Int]) {
    self.pad = pad
    self.space = space
  }

  public var name: String { pad.name + "_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let input = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)
    try require(
      try pad.inferOutputs([input])[0] == inputs[0], name,
      "expected the gradient of padded space \(space), got \(inputs[0])")
    return [input]
  }

  private func resampling(_ gradient: TensorType) -> Resampling {
    Resampling(
      images: gradient.shape[0], channels: gradient.shape[1], taps: pad.taps(space).map(\.transposed),
      format: gradient.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(pad, [context.outputGradient])
  }
}

extension Tensor {
  /// Pads the last axes, one amount an axis on either side.
  ///
  /// Negative amounts crop, with a constant. Reflection and replication pad up to three space axes of a
  /// floating-point [N, C, space…]; a reflection must be shorter than its axis. As `torch.nn.functional.pad`, with the
  /// amounts in the order of the axes.
  public func padded(before: [Int], after: [Int], mode: PaddingMode = .constant(0)) throws -> Tensor {
    try require(
      before.count == after.count && before.count <= rank, "pad",
      "expected as many amounts before as after, and at most \(rank), got \(before) and \(after)")
    if before.allSatisfy({ $0 == 0 }) && after.allSatisfy({ $0 == 0 }) { return self }
    let untouched = [Int](repeating: 0, count: rank - before.count)
    switch mode {
    case .constant(let value):
      return try Tensor.apply(
        Pad(before: untouched + before, after: untouched + after, value: value), [self])[0]
    case .reflect, .replicate:
      let replicates = mode == .replicate
      let space = [Int](repeating: 0, count: Swift.max(rank - 2 - before.count, 0))
      try require(
        (3...5).contains(rank) && before.count <= rank - 2, "pad",
        "reflection and replication pad the 1 to 3 space axes of [N, C, …], got amounts for \(before.count) axes of "
          + "\(type)")
      if !replicates {
        for (axis, size) in shape.suffix(before.count).enumerated() {
          try require(
            before[axis] < size && after[axis] < size, "pad",
            "a reflection must be shorter than its axis of \(size), got \(before[axis]) and \(after[axis]) (\(type))"
          )
        }
      }
      return try Tensor.apply(
        PadSpace(before: space + before, after: space + after, replicates: replicates),
        [try converted(to: .channelsLast)])[0]
    }
  }

  /// Images or volumes [N, C, space…] continued at their borders by reflection, as often as it takes where one is
  /// smaller than what is added. One amount an axis of space on either side.
  public func paddedByReflection(before: [Int], after: [Int]) throws -> Tensor {
    try require(
      before.count == rank - 2 && after.count == rank - 2, "pad",
      "expected \(rank - 2) amounts on either side, got \(before) and \(after) (\(type))")
    if before.allSatisfy({ $0 == 0 }) && after.allSatisfy({ $0 == 0 }) { return self }
    return try Tensor.apply(
      PadSpace(before: before, after: after, replicates: false), [try converted(to: .channelsLast)])[0]
  }
}
