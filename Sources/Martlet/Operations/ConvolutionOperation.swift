import MartletKernels

/// A convolution (cross-correlation, as everywhere in the field) of one to three space axes.
///
/// Inputs: activation [N, C, space…], weight [K, C / groups, kernel…] and, optionally, a bias [K]. Output:
/// [N, K, space…], channels last.
public struct ConvolutionOperation: Operation, AlgorithmicConvolution, RectifyingConvolution {
  /// One value for each space axis.
  public let options: ConvolutionOptions
  /// Whether negative results are replaced by zero, as a ReLU after the convolution would.
  public var rectifies = false
  /// What a plan may choose the algorithm by. Run at once, the convolution is direct.
  public let numerics: Numerics
  var algorithm = ConvolutionAlgorithm.direct

  /// - Parameter options: With one value for each space axis.
  public init(_ options: ConvolutionOptions, rectifies: Bool = false, numerics: Numerics = .current) {
    self.options = options
    self.rectifies = rectifies
    self.numerics = numerics
  }

  public var name: String { ConvolutionTypes.name("conv", axes: options.stride.count) }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (input, weight) = (inputs[0], inputs[1])
    try ConvolutionTypes.checkWeight(weight, for: input, name)
    let resolved = try options.checked(axes: input.rank - 2, name)
    let groups = resolved.groups
    let expected = weight.shape[1].multipliedReportingOverflow(by: groups)
    try require(
      !expected.overflow && input.shape[1] == expected.partialValue, name,
      "expected \(expected.partialValue) input channels, got \(input.shape[1]) (weight \(weight.shape), "
        + "input \(input.shape)\(groups > 1 ? ", \(groups) groups" : ""))")
    try require(
      weight.shape[0] % groups == 0, name,
      "expected output channels that \(groups) groups divide, got \(weight.shape[0]) (weight \(weight.shape))"
    )
    if inputs.count > 2 {
      try ConvolutionTypes.checkBias(inputs[2], channels: weight.shape[0], input.scalar, name)
    }
    let space = try resolved.outputSpace(of: input.space, kernel: weight.space, name)
    let output = input.with(shape: [input.shape[0], weight.shape[0]] + space)
    try output.requireCountable(name)
    return [output]
  }

  var part: ConvolutionPart { .forward }

  func shape(inputs: [TensorType], outputs: [TensorType]) -> ConvolutionShape {
    ConvolutionShape(input: inputs[0], output: outputs[0], kernel: inputs[1].space, options)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    algorithm.workspaceByteCount(
      part, shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat)
  }

  public func run(_ call: OperationCall) throws {
    algorithm.forward(
      shape(inputs: call.inputs.map(\.type), outputs: call.outputs.map(\.type)),
      call.inputs[0].type.checkedFormat,
      input: call.inputs[0].address, weight: call.inputs[1].address,
      bias: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil, rectified: rectifies,
      output: call.outputs[0].address, workspace: call.workspace)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs: inputs, outputs: outputs).multiplyAdds
  }

  public func preparation(inputs: [TensorType], outputs: [TensorType]) -> Preparation? {
    FusedConvolution(self).preparation(inputs: inputs, outputs: outputs)
  }

  /// Where few channels are read, as from an image, computing again is near in cost to a pass over memory.
  public func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    let products = inputs[1].shape.dropFirst().reduce(1, *)
    return products <= Self.cheapProducts ? Recomputation(self, inputs.indices.map { .input($0) }) : nil
  }

  /// Products for each number of the output: those of a 3×3 kernel on a colour image.
  private static let cheapProducts = 27

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
        ConvolutionWeightGradient(options, kernel: weight.type.space, numerics: numerics), [input, dy])[0]
      : nil
    let biasGradient = context.wanted.count > 2 && context.wanted[2] ? try dy.sumOverPixels() : nil
    let inputGradient =
      context.wanted[0]
      ? try Tensor.apply(
        TransposedConvolutionOperation(
          options, outputSpace: input.type.space, isGradient: true, numerics: numerics), [dy, weight])[0]
      : nil
    return Array([inputGradient, weightGradient, biasGradient].prefix(context.inputs.count))
  }
}

/// The gradient of a convolution with respect to its weight.
///
/// Inputs: the convolution's input [N, C, space…] and the gradient of its output [N, K, space…]. Output:
/// [K, C / groups, kernel…].
public struct ConvolutionWeightGradient: Operation, AlgorithmicConvolution {
  /// Those of the convolution, one value for each space axis.
  public let options: ConvolutionOptions
  /// The kernel's sizes.
  public let kernel: [Int]
  /// What a plan may choose the algorithm by.
  public let numerics: Numerics
  var algorithm = ConvolutionAlgorithm.direct

  public init(_ options: ConvolutionOptions, kernel: [Int], numerics: Numerics = .current) {
    self.options = options
    self.kernel = kernel
    self.numerics = numerics
  }

  public var name: String { ConvolutionTypes.name("conv", axes: kernel.count) + "_weight_gradient" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (input, gradient) = (inputs[0], inputs[1])
    try input.requireActivation(name)
    try gradient.requireActivation(name)
    let resolved = try options.checked(axes: input.rank - 2, name)
    let groups = resolved.groups
    try require(
      input.shape[1] > 0 && gradient.shape[1] > 0 && input.shape[1] % groups == 0
        && gradient.shape[1] % groups == 0, name,
      "expected channels that \(groups) groups divide, got input \(input), output gradient \(gradient)")
    let space = try resolved.outputSpace(of: input.space, kernel: kernel, name)
    try require(
      gradient.scalar == input.scalar && gradient.shape[0] == input.shape[0] && gradient.space == space, name,
      "expected an output gradient \(input.scalar.rawValue)[\(input.shape[0]), …] of space \(space), got \(gradient)"
    )
    let weight = TensorType([gradient.shape[1], input.shape[1] / groups] + kernel, input.scalar)
    try weight.requireCountable(name)
    return [weight]
  }

  var part: ConvolutionPart { .backwardWeights }

  func shape(inputs: [TensorType], outputs: [TensorType]) -> ConvolutionShape {
    ConvolutionShape(input: inputs[0], output: inputs[1], kernel: kernel, options)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    algorithm.workspaceByteCount(
      part, shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat)
  }

  public func run(_ call: OperationCall) throws {
    algorithm.backwardWeights(
      shape(inputs: call.inputs.map(\.type), outputs: []), call.inputs[0].type.checkedFormat,
      input: call.inputs[0].address,
      outputGradient: call.inputs[1].address, weightGradient: call.outputs[0].address,
      workspace: call.workspace)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs: inputs, outputs: outputs).multiplyAdds
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    // Linear in both inputs: what the weight's gradient is multiplied by takes the weight's place.
    let (input, dy) = (context.inputs[0], context.inputs[1])
    let direction = context.outputGradient
    return [
      context.wanted[0]
        ? try Tensor.apply(
          TransposedConvolutionOperation(
            options, outputSpace: input.type.space, isGradient: true, numerics: numerics),
          [dy, direction])[0] : nil,
      context.wanted[1]
        ? try Tensor.apply(ConvolutionOperation(options, numerics: numerics), [input, direction])[0] : nil,
    ]
  }
}

extension Tensor {
  /// A convolution, as `torch.nn.functional.conv1d` to `conv3d`, by this tensor's number of space axes.
  ///
  /// - Parameters:
  ///   - weight: [K, C / groups, kernel…].
  ///   - bias: [K], or nil.
  ///   - options: Stride, padding, dilation and groups.
  /// - Returns: [N, K, space…], channels last, each size
  ///   (input + padding before and after − dilation · (kernel − 1) − 1) / stride + 1, rounded down.
  /// - Throws: ``MartletError`` when shapes or options do not fit.
  public func convolution(
    _ weight: Tensor, bias: Tensor? = nil, _ options: ConvolutionOptions = ConvolutionOptions()
  ) throws -> Tensor {
    try require(
      (3...5).contains(rank), "conv", "expected an input [N, C, …] with 1, 2 or 3 space axes, got \(type)")
    let name = ConvolutionTypes.name("conv", axes: rank - 2)
    let operation = ConvolutionOperation(try options.resolved(axes: rank - 2, name))
    let inputs = [try converted(to: .channelsLast), try weight.converted(to: .rowMajor)]
    return try Tensor.apply(operation, inputs + (bias.map { [$0] } ?? []))[0]
  }

  /// The sum over batch and space, a number a channel: the gradient of a bias.
  func sumOverPixels() throws -> Tensor { try sum(axes: [0] + Array(2..<rank)) }
}
