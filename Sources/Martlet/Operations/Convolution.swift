import MartletKernels

/// Cross-correlation of an input [N, C, space…] with weights [K, C / groups, kernel…], plus a bias [K] where there is a
/// third input: PyTorch's `conv1d`, `conv2d` and `conv3d`. Input and output are channels last.
struct ConvolutionOperation: Operation {
  var geometry: ConvolutionGeometry

  var name: String { "conv\(geometry.stride.count)d" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (input, weight) = (inputs[0], inputs[1])
    let axes = geometry.stride.count
    try checkTypes(inputs, axes: axes, name)
    let groups = geometry.groups
    let context = "(weight \(weight.shape), input \(input.shape))"
    try require(
      input.shape[1] == weight.shape[1] * groups, name,
      "expected \(weight.shape[1] * groups) input channels, got \(input.shape[1]) \(context)")
    try require(
      weight.shape[0] % groups == 0, name,
      "expected output channels that \(groups) groups divide, got \(weight.shape[0]) \(context)")
    try checkBias(inputs, channels: weight.shape[0], name)
    let space = try geometry.outputSpace(
      Array(input.shape.dropFirst(2)), kernel: Array(weight.shape.dropFirst(2)), name)
    return [TensorType([input.shape[0], weight.shape[0]] + space, input.scalar, .channelsLast)]
  }

  private func shape(_ input: TensorType, _ weight: TensorType, _ output: TensorType) -> ConvolutionShape {
    geometry.shape(input: input.shape, output: output.shape, kernel: Array(weight.shape.dropFirst(2)))
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    ImplicitGEMM.forwardWorkspace(shape(inputs[0], inputs[1], outputs[0]), inputs[0].checkedFormat)
  }

  func run(_ call: OperationCall) {
    let types = call.inputs.map(\.type)
    ImplicitGEMM.forward(
      shape(types[0], types[1], call.outputs[0].type), types[0].checkedFormat, input: call.inputs[0].address,
      weight: call.inputs[1].address, bias: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil,
      output: call.outputs[0].address, workspace: call.workspace)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (input, weight) = (context.inputs[0], context.inputs[1])
    let slope = try context.outputGradient.converted(to: .channelsLast)
    var gradients: [Tensor?] = [nil, nil]
    if context.wanted[0] {
      gradients[0] = try Tensor.apply(
        ConvolutionBackwardData(geometry: geometry, space: Array(input.shape.dropFirst(2))), [slope, weight])[0]
    }
    if context.wanted[1] {
      gradients[1] = try Tensor.apply(
        ConvolutionBackwardWeights(geometry: geometry, kernel: Array(weight.shape.dropFirst(2))), [input, slope])[0]
    }
    if context.inputs.count > 2 {
      gradients.append(context.wanted[2] ? try Tensor.apply(ChannelSum(), [slope])[0] : nil)
    }
    return gradients
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs[0], inputs[1], outputs[0]).multiplyAdds
  }
}

/// The gradient of a convolution with respect to its input, which is also the transposed convolution.
///
/// Inputs: the output's gradient [N, K, space…], weights [K, C / groups, kernel…], and perhaps a bias [C].
struct ConvolutionBackwardData: Operation {
  var geometry: ConvolutionGeometry
  /// The space of the result, which the output's does not settle where a stride skips pixels.
  var space: [Int]
  /// What users know it as.
  var isTransposedConvolution = false

  var name: String {
    isTransposedConvolution ? "conv_transpose\(space.count)d" : "conv\(space.count)d_backward_data"
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (slope, weight) = (inputs[0], inputs[1])
    try checkTypes(inputs, axes: space.count, name)
    let context = "(weight \(weight.shape), input \(slope.shape))"
    try require(
      slope.shape[1] == weight.shape[0] && weight.shape[0] % geometry.groups == 0, name,
      "expected \(weight.shape[0]) input channels in \(geometry.groups) groups, got \(slope.shape[1]) \(context)")
    let channels = weight.shape[1] * geometry.groups
    try checkBias(inputs, channels: channels, name)
    let back = try geometry.outputSpace(space, kernel: Array(weight.shape.dropFirst(2)), name)
    try require(
      back == Array(slope.shape.dropFirst(2)), name, "expected an input of space \(back), got \(slope.shape) \(context)")
    return [TensorType([slope.shape[0], channels] + space, slope.scalar, .channelsLast)]
  }

  private func shape(_ slope: TensorType, _ weight: TensorType, _ output: TensorType) -> ConvolutionShape {
    geometry.shape(input: output.shape, output: slope.shape, kernel: Array(weight.shape.dropFirst(2)))
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    ImplicitGEMM.backwardDataWorkspace(shape(inputs[0], inputs[1], outputs[0]), inputs[0].checkedFormat)
  }

  func run(_ call: OperationCall) {
    let types = call.inputs.map(\.type)
    ImplicitGEMM.backwardData(
      shape(types[0], types[1], call.outputs[0].type), types[0].checkedFormat,
      outputGradient: call.inputs[0].address, weight: call.inputs[1].address,
      bias: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil,
      inputGradient: call.outputs[0].address, workspace: call.workspace)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (input, weight) = (context.inputs[0], context.inputs[1])
    let slope = try context.outputGradient.converted(to: .channelsLast)
    var gradients: [Tensor?] = [nil, nil]
    if context.wanted[0] {
      gradients[0] = try Tensor.apply(ConvolutionOperation(geometry: geometry), [slope, weight])[0]
    }
    if context.wanted[1] {
      gradients[1] = try Tensor.apply(
        ConvolutionBackwardWeights(geometry: geometry, kernel: Array(weight.shape.dropFirst(2))), [slope, input])[0]
    }
    if context.inputs.count > 2 {
      gradients.append(context.wanted[2] ? try Tensor.apply(ChannelSum(), [slope])[0] : nil)
    }
    return gradients
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs[0], inputs[1], outputs[0]).multiplyAdds
  }
}

/// The gradient of a convolution with respect to its weights, [K, C / groups, kernel…].
///
/// Inputs: the convolution's input [N, C, space…] and its output's gradient [N, K, space…].
struct ConvolutionBackwardWeights: Operation {
  var geometry: ConvolutionGeometry
  var kernel: [Int]

  var name: String { "conv\(kernel.count)d_backward_weights" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (input, slope) = (inputs[0], inputs[1])
    try require(
      input.layout == .channelsLast && slope.layout == .channelsLast && input.scalar == slope.scalar
        && input.scalar.isFloatingPoint && input.rank == kernel.count + 2 && slope.rank == input.rank, name,
      "expected floating-point activations, channels last, got \(inputs)")
    let space = try geometry.outputSpace(Array(input.shape.dropFirst(2)), kernel: kernel, name)
    try require(
      slope.shape.count > 1 && Array(slope.shape.dropFirst(2)) == space && slope.shape[0] == input.shape[0], name,
      "expected an output gradient of space \(space), got \(slope.shape)")
    return [TensorType([slope.shape[1], input.shape[1] / geometry.groups] + kernel, input.scalar)]
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    ImplicitGEMM.backwardWeightsWorkspace(
      geometry.shape(input: inputs[0].shape, output: inputs[1].shape, kernel: kernel), inputs[0].checkedFormat)
  }

  func run(_ call: OperationCall) {
    let types = call.inputs.map(\.type)
    ImplicitGEMM.backwardWeights(
      geometry.shape(input: types[0].shape, output: types[1].shape, kernel: kernel), types[0].checkedFormat,
      input: call.inputs[0].address, outputGradient: call.inputs[1].address,
      weightGradient: call.outputs[0].address, workspace: call.workspace)
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    geometry.shape(input: inputs[0].shape, output: inputs[1].shape, kernel: kernel).multiplyAdds
  }
}

/// The sum over batch and space, a number a channel: the gradient of a bias.
struct ChannelSum: Operation {
  var name: String { "channel_sum" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0].rank > 2 && inputs[0].layout == .channelsLast && inputs[0].scalar.isFloatingPoint, name,
      "expected activations, channels last, got \(inputs)")
    return [TensorType([inputs[0].shape[1]], inputs[0].scalar)]
  }

  private func pixels(_ type: TensorType) -> Int { type.shape[1] == 0 ? 0 : type.elementCount / type.shape[1] }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    ImplicitGEMM.backwardBiasWorkspace(pixels: pixels(inputs[0]), channels: inputs[0].shape[1])
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    ImplicitGEMM.backwardBias(
      pixels: pixels(type), channels: type.shape[1], type.checkedFormat, outputGradient: call.inputs[0].address,
      biasGradient: call.outputs[0].address, workspace: call.workspace)
  }
}

private func checkTypes(_ inputs: [TensorType], axes: Int, _ name: String) throws {
  let (input, weight) = (inputs[0], inputs[1])
  try require(
    input.rank == axes + 2 && weight.rank == axes + 2, name,
    "expected an input [N, C, …] and a weight with \(axes) space dimensions, got input \(input.shape), weight \(weight.shape)"
  )
  try require(
    input.scalar.isFloatingPoint && inputs.allSatisfy { $0.scalar == input.scalar }, name,
    "expected input, weight and bias of one floating-point type, got \(inputs)")
  try require(
    input.layout == .channelsLast && weight.layout == .rowMajor, name,
    "expected a channels-last input and a row-major weight, got \(input.layout) and \(weight.layout)")
  try require(
    !weight.shape.dropFirst(2).contains(0), name, "expected kernel sizes of 1 or more, got weight \(weight.shape)")
}

private func checkBias(_ inputs: [TensorType], channels: Int, _ name: String) throws {
  guard inputs.count > 2 else { return }
  try require(
    inputs[2].shape == [channels], name, "expected a bias [\(channels)], got \(inputs[2].shape)")
}

extension Tensor {
  /// Convolution over 1, 2 or 3 space dimensions, as PyTorch's `conv1d`, `conv2d` and `conv3d` define it.
  ///
  /// This tensor is [N, C, space…].
  /// - Parameters:
  ///   - weight: [K, C / groups, kernel…].
  ///   - bias: [K].
  /// - Returns: [N, K, space…] with space ⌊(size + padding − dilation · (kernel − 1) − 1) / stride⌋ + 1, channels last.
  /// - Throws: ``MartletError`` when shapes, types or options do not fit.
  public func convolution(
    _ weight: Tensor, bias: Tensor? = nil, _ options: ConvolutionOptions = ConvolutionOptions()
  ) throws -> Tensor {
    let geometry = try ConvolutionGeometry(options, axes: rank - 2, "conv")
    return try Tensor.apply(
      ConvolutionOperation(geometry: geometry),
      [converted(to: .channelsLast), weight.converted(to: .rowMajor)] + (bias.map { [$0] } ?? []))[0]
  }

  /// Transposed convolution over 1, 2 or 3 space dimensions, as PyTorch's `conv_transpose1d` to `3d` define it.
  ///
  /// This tensor is [N, C, space…].
  /// - Parameters:
  ///   - weight: [C, K / groups, kernel…].
  ///   - bias: [K].
  ///   - outputPadding: Added to the size at the end of each dimension: sizes that the stride leaves open.
  /// - Returns: [N, K, space…] with space (size − 1) · stride − padding + dilation · (kernel − 1) + outputPadding + 1.
  /// - Throws: ``MartletError`` when shapes, types or options do not fit.
  public func transposedConvolution(
    _ weight: Tensor, bias: Tensor? = nil, _ options: ConvolutionOptions = ConvolutionOptions(),
    outputPadding: [Int] = [0]
  ) throws -> Tensor {
    let axes = rank - 2
    let name = "conv_transpose"
    let geometry = try ConvolutionGeometry(options, axes: axes, name)
    try require(
      weight.rank == rank, name, "expected a weight with \(axes) space dimensions, got \(weight.shape)")
    try require(
      (outputPadding.count == 1 || outputPadding.count == axes) && outputPadding.allSatisfy { $0 >= 0 }, name,
      "expected an output padding of 0 or more, one or \(axes) numbers, got \(outputPadding)")
    let extra = outputPadding.count == axes ? outputPadding : Array(repeating: outputPadding[0], count: axes)
    let space = try (0..<axes).map { axis in
      try require(
        extra[axis] < Swift.max(geometry.stride[axis], geometry.dilation[axis]), name,
        "expected an output padding below stride or dilation, got \(extra)")
      let size = (shape[axis + 2] - 1) * geometry.stride[axis] - geometry.padding[axis] - geometry.paddingAfter[axis]
        + geometry.dilation[axis] * (weight.shape[axis + 2] - 1) + extra[axis] + 1
      try require(size > 0, name, "expected an output of at least 1, got \(size) (input \(shape), weight \(weight.shape))")
      return size
    }
    return try Tensor.apply(
      ConvolutionBackwardData(geometry: geometry, space: space, isTransposedConvolution: true),
      [converted(to: .channelsLast), weight.converted(to: .rowMajor)] + (bias.map { [$0] } ?? []))[0]
  }
}
