import MartletKernels

/// How an axis goes on beyond its ends, by its own elements.
public enum Continuation: Hashable, Sendable {
  /// Forth and back: a mirror at either end, whose element is not repeated.
  case reflect
  /// With the outermost element.
  case replicate
  /// From the other end.
  case wrap

  /// The element that stands at a position, of an axis that is not empty.
  func source(_ position: Int, size: Int) -> Int {
    func phase(_ period: Int) -> Int { (position % period + period) % period }
    switch self {
    case .reflect:
      let period = max(2 * (size - 1), 1)
      return min(phase(period), period - phase(period), size - 1)
    case .replicate: return min(max(position, 0), size - 1)
    case .wrap: return phase(size)
    }
  }
}

/// Extends the space of an activation by its own elements.
public struct PadSpace: Operation {
  /// How many elements are added before the first, for each space axis, 0 or more.
  public var before: [Int]
  /// How many elements are added after the last, for each space axis, 0 or more.
  public var after: [Int]
  /// Which elements they are.
  public var continuation: Continuation

  public init(before: [Int], after: [Int], continuation: Continuation) {
    self.before = before
    self.after = after
    self.continuation = continuation
  }

  public var name: String {
    switch continuation {
    case .reflect: "reflection_pad"
    case .replicate: "replication_pad"
    case .wrap: "circular_pad"
    }
  }

  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool {
    (before + after).allSatisfy { $0 == 0 }
  }

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
        [(continuation.source(output - before[axis], size: size), 0, 1)]
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
  /// The padding of which this is the gradient.
  public var pad: PadSpace
  /// The space before padding, which the result has.
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
