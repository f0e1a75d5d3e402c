import MartletKernels

/// The largest element of every window, and where in the window it was.
public struct MaxPool: Operation {
  /// How the window moves over the space of [N, C, space…], channels last.
  public var window: PoolingWindow

  public init(_ window: PoolingWindow) { self.window = window }

  public var name: String { "max_pool" }

  /// Outputs: [N, C, space…], and the tap's number in the window for each, as uint8 where that holds it.
  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let space = try window.outputSpace(of: inputs[0], name)
    let output = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)
    return [output, output.with(scalar: window.tapCount <= 255 ? .uint8 : .int32)]
  }

  static func taps(_ window: PoolingWindow, input: [Int], output: [Int]) -> [AxisTaps] {
    input.indices.map {
      .window(
        inputSize: input[$0], outputSize: output[$0], kernel: window.kernel[$0], stride: window.stride[$0],
        padding: window.paddingBefore[$0], dilation: window.dilation[$0])
    }
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0].type, call.outputs[0].type)
    Resampling(
      images: input.shape[0], channels: input.shape[1],
      taps: Self.taps(window, input: input.space, output: output.space), window: window.kernel,
      format: input.checkedFormat
    ).maxPool(
      call.inputs[0].address, wide: call.outputs[1].type.scalar == .int32, output: call.outputs[0].address,
      index: call.outputs[1].address)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    guard let gradient = context.outputGradients[0] else { return [nil] }
    return try Tensor.apply(
      MaxPoolGradient(window, space: context.inputs[0].type.space), [gradient, context.outputs[1]])
  }
}

/// The gradient of ``MaxPool``: each element gathers from the windows whose largest it was.
public struct MaxPoolGradient: Operation {
  /// That of the pooling.
  public var window: PoolingWindow
  /// The space that was pooled, which the result has.
  public var space: [Int]

  public init(_ window: PoolingWindow, space: [Int]) {
    self.window = window
    self.space = space
  }

  public var name: String { "max_pool_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let input = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)
    try require(
      inputs[1].shape == inputs[0].shape && (try window.outputSpace(of: input, name)) == inputs[0].space,
      name,
      "expected the pooled gradient of space \(space) and its indices, got \(inputs[0]) and \(inputs[1])")
    return [input]
  }

  public func run(_ call: OperationCall) throws {
    let (pooled, input) = (call.inputs[0].type, call.outputs[0].type)
    Resampling(
      images: input.shape[0], channels: input.shape[1],
      taps: MaxPool.taps(window, input: input.space, output: pooled.space).map(\.transposed),
      window: window.kernel, format: input.checkedFormat
    ).maxPoolGradient(
      call.inputs[0].address, index: call.inputs[1].address, wide: call.inputs[1].type.scalar == .int32,
      inputGradient: call.outputs[0].address)
  }

  /// Linear in the gradient, so that max unpooling, which is this operation, has one too.
  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    [try Tensor.apply(MaxPoolSelection(window), [context.outputGradient, context.inputs[1]])[0], nil]
  }
}

/// Of every window the element at a given tap: ``MaxPool`` with its indices known.
public struct MaxPoolSelection: Operation {
  /// That of the pooling.
  public var window: PoolingWindow

  public init(_ window: PoolingWindow) { self.window = window }

  public var name: String { "max_pool_selection" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let expected = try MaxPool(window).inferOutputs([inputs[0]])
    try require(
      inputs[1] == expected[1], name, "expected indices \(expected[1]) for \(inputs[0]), got \(inputs[1])")
    return [expected[0]]
  }

  public func run(_ call: OperationCall) throws {
    let (input, output) = (call.inputs[0].type, call.outputs[0].type)
    Resampling(
      images: input.shape[0], channels: input.shape[1],
      taps: MaxPool.taps(window, input: input.space, output: output.space), window: window.kernel,
      format: input.checkedFormat
    ).select(
      call.inputs[0].address, index: call.inputs[1].address, wide: call.inputs[1].type.scalar == .int32,
      output: call.outputs[0].address)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let space = context.inputs[0].type.space
    let indices = context.inputs[1]
    return [
      try Tensor.apply(MaxPoolGradient(window, space: space), [context.outputGradient, indices])[0], nil,
    ]
  }
}
