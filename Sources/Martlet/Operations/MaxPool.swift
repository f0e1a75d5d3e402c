import MartletKernels

/// How a pooling window moves over space: one value an axis.
public struct PoolingWindow: Hashable, Sendable {
  public var kernel: [Int]
  public var stride: [Int]
  public var padding: [Int]
  public var dilation: [Int]
  /// Whether the last window may reach beyond the padded input, as long as it starts on it.
  public var ceilMode: Bool

  public init(kernel: [Int], stride: [Int], padding: [Int], dilation: [Int], ceilMode: Bool) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.ceilMode = ceilMode
  }

  /// One value for every axis, or one for each; without a stride the windows touch.
  init(
    axes: Int, kernel: [Int], stride: [Int]?, padding: [Int], dilation: [Int], ceilMode: Bool,
    _ operation: String
  ) throws {
    self.init(
      kernel: try perAxis(kernel, axes, "the kernel", operation),
      stride: try perAxis(stride ?? kernel, axes, "the stride", operation),
      padding: try perAxis(padding, axes, "the padding", operation),
      dilation: try perAxis(dilation, axes, "the dilation", operation), ceilMode: ceilMode)
  }

  /// Taps of a whole window.
  var tapCount: Int { kernel.reduce(1, *) }

  /// The output's space, by PyTorch's rule.
  func outputSpace(of input: TensorType, _ operation: String) throws -> [Int] {
    let space = input.space
    try require(
      [kernel, stride, padding, dilation].allSatisfy { $0.count == space.count }, operation,
      "expected \(space.count) values for each of kernel \(kernel), stride \(stride), padding \(padding) and dilation "
        + "\(dilation) (\(input))")
    return try space.indices.map { axis in
      let (k, s, p, d) = (kernel[axis], stride[axis], padding[axis], dilation[axis])
      try require(
        k > 0 && s > 0 && d > 0 && [k, s, d, p].allSatisfy { $0 <= Int(Int32.max) }, operation,
        "expected positive kernel, stride and dilation, got \(kernel), \(stride) and \(dilation)")
      let reach = d * (k - 1) + 1
      try require(
        p >= 0 && 2 * p <= reach, operation,
        "expected a padding of at most half the window of \(reach), got \(p)")
      let room = space[axis] + 2 * p - reach + (ceilMode ? s - 1 : 0)
      var size = room < 0 ? 0 : room / s + 1
      // A window must start on the input or on the padding before it.
      if ceilMode && (size - 1) * s >= space[axis] + p { size -= 1 }
      try require(
        size >= 1, operation,
        "a window of \(reach) does not fit a space axis of \(space[axis]) with padding \(p) (\(input))")
      return size
    }
  }
}

/// The largest element of every window, and where in the window it was.
public struct MaxPool: Operation {
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
        padding: window.padding[$0], dilation: window.dilation[$0])
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
  public var window: PoolingWindow
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

/// Where the largest elements of pooling windows were, for putting values back there.
public struct MaxPoolIndices {
  /// The largest tap's number in each window, [N, C, space…].
  let taps: Tensor
  let window: PoolingWindow
  /// The space that was pooled.
  let space: [Int]
}

extension Tensor {
  /// The largest element of every window, as `torch.nn.functional.max_pool1d` to `3d`.
  ///
  /// - Parameters:
  ///   - kernel: The window's size, one value for all space axes or one for each.
  ///   - stride: How far it moves; by its own size unless given.
  ///   - padding: Positions beyond each edge, that never are the largest.
  ///   - ceilMode: Whether the last window may reach beyond the padded input.
  /// - Returns: [N, C, space…], channels last.
  public func maxPooled(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], dilation: [Int] = [1], ceilMode: Bool = false
  ) throws -> Tensor {
    try maxPooledWithIndices(
      kernel: kernel, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode
    ).values
  }

  /// As ``maxPooled(kernel:stride:padding:dilation:ceilMode:)``, and where the largest elements were, for
  /// ``maxUnpooled(_:)``.
  public func maxPooledWithIndices(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], dilation: [Int] = [1], ceilMode: Bool = false
  ) throws -> (values: Tensor, indices: MaxPoolIndices) {
    let window = try PoolingWindow(
      axes: rank - 2, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      ceilMode: ceilMode, "max_pool")
    let results = try Tensor.apply(MaxPool(window), [converted(to: .channelsLast)])
    return (results[0], MaxPoolIndices(taps: results[1], window: window, space: type.space))
  }

  /// Each element put where its pooling window's largest was, zeros elsewhere, as
  /// `torch.nn.functional.max_unpool1d` to `3d` (Badrinarayanan et al., "SegNet", 2017).
  ///
  /// - Parameter indices: Of the pooling whose windows these elements stand for.
  /// - Returns: [N, C, space…] with the space that was pooled, channels last.
  /// - Throws: ``MartletError`` where the windows overlapped, since two could have the same place; or where this
  ///   tensor's shape is not that of the indices.
  public func maxUnpooled(_ indices: MaxPoolIndices) throws -> Tensor {
    let window = indices.window
    try require(
      window.kernel.indices.allSatisfy {
        window.stride[$0] > window.dilation[$0] * (window.kernel[$0] - 1)
      }, "max_unpool",
      "expected pooling windows that do not overlap, got kernel \(window.kernel), stride \(window.stride) and "
        + "dilation \(window.dilation)")
    try require(
      shape == indices.taps.shape, "max_unpool",
      "expected the shape of the indices, \(indices.taps.shape), got \(shape)")
    return try Tensor.apply(
      MaxPoolGradient(window, space: indices.space), [converted(to: .channelsLast), indices.taps])[0]
  }

  /// The largest element over all of space: [N, C, 1…].
  public func globalMaxPooled() throws -> Tensor {
    try maxPooled(kernel: Array(shape.dropFirst(2)))
  }
}
