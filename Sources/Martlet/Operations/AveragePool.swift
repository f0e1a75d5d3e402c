import MartletKernels

/// The average of every window.
public struct AveragePool: Operation {
  /// How the window moves over the space of [N, C, space…], channels last.
  public var window: PoolingWindow
  /// `.paddedInput` unless given, as in PyTorch.
  public var divisor: Divisor

  /// What the sum over a window is divided by.
  public enum Divisor: Hashable, Sendable {
    /// Its positions on the input and its padding.
    case paddedInput
    /// Its positions on the input.
    case input
    /// Nothing: the pooling is a sum.
    case one
  }

  public init(_ window: PoolingWindow, divisor: Divisor = .paddedInput) {
    self.window = window
    self.divisor = divisor
  }

  public var name: String { "avg_pool" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let space = try window.outputSpace(of: inputs[0], name)
    return [inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)]
  }

  func taps(input: [Int], output: [Int]) -> [AxisTaps] {
    let divisor: AxisTaps.Divisor =
      switch divisor {
      case .paddedInput: .paddedInput
      case .input: .input
      case .one: .one
      }
    return input.indices.map {
      .average(
        inputSize: input[$0], outputSize: output[$0], kernel: window.kernel[$0], stride: window.stride[$0],
        padding: window.paddingBefore[$0], paddingAfter: window.paddingAfter[$0],
        dilation: window.dilation[$0], divisor: divisor)
    }
  }

  private func resampling(_ input: TensorType, _ output: TensorType) -> Resampling {
    Resampling(
      images: input.shape[0], channels: input.shape[1], taps: taps(input: input.space, output: output.space),
      format: input.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0], outputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type, call.outputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(
      AveragePoolGradient(self, space: context.inputs[0].type.space), [context.outputGradient])
  }
}

/// The gradient of ``AveragePool``.
public struct AveragePoolGradient: Operation {
  /// The pooling of which this is the gradient.
  public var pool: AveragePool
  /// The space that was pooled, which the result has.
  public var space: [Int]

  public init(_ pool: AveragePool, space: [Int]) {
    self.pool = pool
    self.space = space
  }

  public var name: String { "avg_pool_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let input = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)
    try require(
      try pool.inferOutputs([input])[0] == inputs[0], name,
      "expected the pooled gradient of space \(space), got \(inputs[0])")
    return [input]
  }

  private func resampling(_ gradient: TensorType) -> Resampling {
    Resampling(
      images: gradient.shape[0], channels: gradient.shape[1],
      taps: pool.taps(input: space, output: gradient.space).map(\.transposed), format: gradient.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(pool, [context.outputGradient])
  }
}

/// The average over all of space, which is kept as axes of size 1.
public struct GlobalAveragePool: Operation {
  public init() {}

  public var name: String { "global_avg_pool" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    try require(!inputs[0].space.contains(0), name, "expected some space to average over, got \(inputs[0])")
    return [inputs[0].with(shape: Array(inputs[0].shape[..<2]) + inputs[0].space.map { _ in 1 })]
  }

  private func sums(_ input: TensorType) -> ChannelSums {
    ChannelSums(
      images: input.shape[0], rows: input.space.reduce(1, *), channels: input.shape[1],
      format: input.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    sums(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    let input = call.inputs[0].type
    sums(input).run(
      call.inputs[0].address, factor: 1 / Double(input.space.reduce(1, *)), output: call.outputs[0].address,
      workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(
      GlobalAveragePoolGradient(space: context.inputs[0].type.space), [context.outputGradient])
  }
}

/// The gradient of ``GlobalAveragePool``: every position gets its share.
public struct GlobalAveragePoolGradient: Operation {
  /// The space that was averaged over, which the result has.
  public var space: [Int]

  public init(space: [Int]) { self.space = space }

  public var name: String { "global_avg_pool_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    try require(
      inputs[0].space == space.map { _ in 1 }, name,
      "expected a gradient of \(space.count) space axes of size 1, got \(inputs[0])")
    return [inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)]
  }

  private func resampling(_ gradient: TensorType) -> Resampling {
    let taps = space.map { size in
      AxisTaps(outputSize: size, sourceSize: 1) { _ in [(0, 0, 1 / Double(size))] }
    }
    return Resampling(
      images: gradient.shape[0], channels: gradient.shape[1], taps: taps, format: gradient.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(GlobalAveragePool(), [context.outputGradient])
  }
}
