import MartletKernels

/// A transposed convolution of one to three space axes: the map from a convolution's output gradient to its input
/// gradient, which makes space larger where the stride is above 1.
///
/// Inputs: activation [N, C, space…], weight [C, K / groups, kernel…] and, optionally, a bias [K]. Output:
/// [N, K, outputSpace…], channels last. Seen from the convolution that it transposes, C are output channels and K
/// input channels, so the weight is that convolution's own.
public struct TransposedConvolutionOperation: Operation, AlgorithmicConvolution, RectifyingConvolution {
  /// The options of the convolution that is transposed, one value for each space axis.
  public let options: ConvolutionOptions
  /// The output's space. With a stride, several sizes are mapped to the same input, so it must be told.
  public let outputSpace: [Int]
  /// Whether this is the gradient of a convolution: only the name depends on it.
  public let isGradient: Bool
  /// Whether negative results are replaced by zero, as a ReLU after the convolution would.
  public var rectifies = false
  /// What a plan may choose the algorithm by. Run at once, the convolution is direct.
  public let numerics: Numerics
  var algorithm = ConvolutionAlgorithm.direct

  /// - Parameter options: With one value for each space axis.
  public init(
    _ options: ConvolutionOptions, outputSpace: [Int], isGradient: Bool = false, numerics: Numerics = .current
  ) {
    self.options = options
    self.outputSpace = outputSpace
    self.isGradient = isGradient
    self.numerics = numerics
  }

  public var name: String {
    let axes = outputSpace.count
    return isGradient
      ? ConvolutionTypes.name("conv", axes: axes) + "_input_gradient"
      : ConvolutionTypes.name("conv_transpose", axes: axes)
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (input, weight) = (inputs[0], inputs[1])
    try ConvolutionTypes.checkWeight(weight, for: input, name)
    let resolved = try options.checked(axes: input.rank - 2, name)
    let groups = resolved.groups
    try require(
      input.shape[1] == weight.shape[0] && weight.shape[0] % groups == 0, name,
      "expected \(weight.shape[0]) input channels\(groups > 1 ? " in \(groups) groups" : ""), got "
        + "\(input.shape[1]) (weight \(weight.shape), input \(input.shape))")
    let channels = weight.shape[1].multipliedReportingOverflow(by: groups)
    try require(!channels.overflow, name, "expected fewer groups, got \(groups)")
    if inputs.count > 2 {
      try ConvolutionTypes.checkBias(inputs[2], channels: channels.partialValue, input.scalar, name)
    }
    try require(
      outputSpace.count == input.rank - 2 && outputSpace.allSatisfy { $0 >= 0 }, name,
      "expected an output of \(input.rank - 2) space axes, got \(outputSpace)")
    let space = try resolved.outputSpace(of: outputSpace, kernel: weight.space, name)
    try require(
      space == input.space, name,
      "expected an input of space \(space) for an output of \(outputSpace), got \(input.space)")
    let output = input.with(shape: [input.shape[0], channels.partialValue] + outputSpace)
    try output.requireCountable(name)
    return [output]
  }

  var part: ConvolutionPart { .backwardData }

  func shape(inputs: [TensorType], outputs: [TensorType]) -> ConvolutionShape {
    ConvolutionShape(input: outputs[0], output: inputs[0], kernel: inputs[1].space, options)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    algorithm.workspaceByteCount(
      part, shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat)
  }

  public func run(_ call: OperationCall) throws {
    algorithm.backwardData(
      shape(inputs: call.inputs.map(\.type), outputs: call.outputs.map(\.type)),
      call.inputs[0].type.checkedFormat,
      outputGradient: call.inputs[0].address, weight: call.inputs[1].address,
      bias: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil, rectified: rectifies,
      inputGradient: call.outputs[0].address, workspace: call.workspace)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs: inputs, outputs: outputs).multiplyAdds
  }

  public func preparation(inputs: [TensorType], outputs: [TensorType]) -> Preparation? {
    let weight = PreparedWeight(
      type: inputs[1],
      order: PreparedWeights(
        algorithm, part, shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat))
    return Preparation(
      input: 1, prepare: PrepareWeight(weight: weight),
      run: PreparedTransposedConvolution(convolution: self, weight: weight))
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (input, weight) = (context.inputs[0], context.inputs[1])
    var dy = context.outputGradient
    if rectifies {
      dy = try Tensor.apply(UnaryGradientOperation(function: .relu), [context.outputs[0], dy])[0]
    }
    // First what reads the input: its memory may then become that of the input's gradient.
    let weightGradient =
      context.wanted[1]
      ? try Tensor.apply(
        ConvolutionWeightGradient(options, kernel: weight.type.space, numerics: numerics), [dy, input])[0]
      : nil
    let biasGradient = context.wanted.count > 2 && context.wanted[2] ? try dy.sumOverPixels() : nil
    let inputGradient =
      context.wanted[0]
      ? try Tensor.apply(ConvolutionOperation(options, numerics: numerics), [dy, weight])[0] : nil
    return Array([inputGradient, weightGradient, biasGradient].prefix(context.inputs.count))
  }
}

extension Tensor {
  /// A transposed convolution, as `torch.nn.functional.conv_transpose1d` to `conv_transpose3d`.
  ///
  /// - Parameters:
  ///   - weight: [C, K / groups, kernel…].
  ///   - bias: [K], or nil.
  ///   - options: Stride, padding, dilation and groups of the convolution that is transposed: padding takes away from
  ///     the output.
  ///   - outputPadding: Added to the output's size after each axis, one value for each or for all: less than the
  ///     stride or the dilation.
  /// - Returns: [N, K, space…], channels last, each size
  ///   (input − 1) · stride − padding before and after + dilation · (kernel − 1) + outputPadding + 1.
  /// - Throws: ``MartletError`` when shapes or options do not fit.
  public func transposedConvolution(
    _ weight: Tensor, bias: Tensor? = nil, _ options: ConvolutionOptions = ConvolutionOptions(),
    outputPadding: [Int] = [0]
  ) throws -> Tensor {
    try require(
      (3...5).contains(rank), "conv_transpose",
      "expected an input [N, C, …] with 1, 2 or 3 space axes, got \(type)")
    let axes = rank - 2
    let name = ConvolutionTypes.name("conv_transpose", axes: axes)
    var options = try options.resolved(axes: axes, name)
    let extra = try perAxis(outputPadding, axes, "the output padding", name)
    try require(
      weight.rank == rank, name, "expected a weight of \(rank) axes for input \(shape), got \(weight.shape)")
    var space: [Int] = []
    for axis in 0..<axes {
      let largest = Swift.max(options.stride[axis], options.dilation[axis])
      try require(
        (0..<largest).contains(extra[axis]), name,
        "expected an output padding below stride or dilation (\(largest)), got \(extra)")
      let reach = options.dilation[axis] * (weight.shape[axis + 2] - 1) + 1
      let size =
        (shape[axis + 2] - 1) * options.stride[axis] + reach + extra[axis]
        - options.paddingBefore[axis] - options.paddingAfter[axis]
      try require(
        size > 0 && shape[axis + 2] > 0, name,
        "expected an output of 1 or more along space axis \(axis), got \(size) (weight \(weight.shape), "
          + "input \(shape))")
      space.append(size)
      // Output padding of a stride or more (allowed with dilation) adds pixels that the transposed convolution
      // would read for outputs it does not have: it crops them.
      options.paddingAfter[axis] -= extra[axis] / options.stride[axis] * options.stride[axis]
    }
    let operation = TransposedConvolutionOperation(options, outputSpace: space)
    let inputs = [try converted(to: .channelsLast), try weight.converted(to: .rowMajor)]
    return try Tensor.apply(operation, inputs + (bias.map { [$0] } ?? []))[0]
  }
}
