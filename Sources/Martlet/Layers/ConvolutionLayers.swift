/// What `Conv1d`, `Conv2d` and `Conv3d` share: weight [outputs, inputs / groups, kernel…] and perhaps a bias [outputs].
///
/// Parameters are drawn as PyTorch draws them, unless another ``WeightInitialization`` is asked for.
public class ConvolutionLayer: Layer {
  /// [outputs, inputs / groups, kernel…], float32.
  public let weight: Parameter
  /// [outputs], float32; `nil` for a layer without one.
  public let bias: Parameter?
  /// As they were given: one value for each space axis, or one for all.
  public let options: ConvolutionOptions

  fileprivate init(
    axes: Int, _ inputs: Int, _ outputs: Int, _ kernelSize: [Int], _ options: ConvolutionOptions, bias: Bool,
    _ initialization: WeightInitialization = .standard
  ) throws {
    let name = "conv\(axes)d"
    let kernel = try checkedKernel(kernelSize, axes, name)
    _ = try options.resolved(axes: axes, name)
    try checkChannels(inputs, outputs, options.groups, name)
    let shape = [outputs, inputs / options.groups] + kernel
    weight = try Parameter(initialization.weight(shape))
    self.bias = bias ? try Parameter(initialization.bias(outputs, weight: shape)) : nil
    self.options = options
  }

  /// - Parameter input: [N, inputs, space…].
  /// - Returns: [N, outputs, space…], channels last, of the sizes that ``Tensor/convolution(_:bias:_:)`` gives.
  /// - Throws: ``MartletError`` for an input of other axes or channels, or one smaller than the kernel, padding
  ///   included.
  public func forward(_ input: Tensor) throws -> Tensor {
    try input.convolution(weight.value, bias: bias?.value, options)
  }
}

/// Convolution of [N, C, L].
public final class Conv1d: ConvolutionLayer {
  /// As PyTorch's `Conv1d`.
  ///
  /// - Parameters:
  ///   - padding: Zeros on either side.
  ///   - groups: How many groups of channels are convolved by themselves; it divides both numbers of channels.
  ///   - bias: Whether there is one.
  /// - Throws: ``MartletError`` for padding below 0, another number below 1, or groups that do not divide the channels.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) throws {
    try super.init(
      axes: 1, inputChannels, outputChannels, [kernelSize],
      ConvolutionOptions(stride: [stride], padding: [padding], dilation: [dilation], groups: groups),
      bias: bias)
  }
}

/// Convolution of [N, C, H, W].
public final class Conv2d: ConvolutionLayer {
  /// As PyTorch's `Conv2d`, with one number for both axes.
  ///
  /// - Parameters: As those of ``Conv1d``.
  /// - Throws: ``MartletError`` as ``Conv1d`` does.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) throws {
    try super.init(
      axes: 2, inputChannels, outputChannels, [kernelSize],
      ConvolutionOptions(stride: [stride], padding: [padding], dilation: [dilation], groups: groups),
      bias: bias)
  }

  /// With a number for each dimension, and padding for each side.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: [Int], options: ConvolutionOptions,
    bias: Bool = true,
    initialization: WeightInitialization = .standard
  ) throws {
    try super.init(axes: 2, inputChannels, outputChannels, kernelSize, options, bias: bias, initialization)
  }
}

/// Convolution of [N, C, D, H, W].
public final class Conv3d: ConvolutionLayer {
  /// As PyTorch's `Conv3d`, with one number for all axes.
  ///
  /// - Parameters: As those of ``Conv1d``.
  /// - Throws: ``MartletError`` as ``Conv1d`` does.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) throws {
    try super.init(
      axes: 3, inputChannels, outputChannels, [kernelSize],
      ConvolutionOptions(stride: [stride], padding: [padding], dilation: [dilation], groups: groups),
      bias: bias)
  }
}

/// What the transposed convolutions share: weight [inputs, outputs / groups, kernel…] and perhaps a bias [outputs].
///
/// Parameters are drawn as PyTorch draws them: uniformly within 1/√(outputs / groups · kernel elements).
public class TransposedConvolutionLayer: Layer {
  /// [inputs, outputs / groups, kernel…], float32.
  public let weight: Parameter
  /// [outputs], float32; `nil` for a layer without one.
  public let bias: Parameter?
  /// Of the convolution that is transposed, one value for all space axes: padding takes away from the output.
  public let options: ConvolutionOptions
  /// How many elements each axis of the output has more at its end: less than the stride or the dilation.
  public let outputPadding: Int

  fileprivate init(
    axes: Int, _ inputs: Int, _ outputs: Int, _ kernelSize: Int, _ options: ConvolutionOptions,
    outputPadding: Int,
    bias: Bool
  ) throws {
    let name = "conv_transpose\(axes)d"
    let kernel = try checkedKernel([kernelSize], axes, name)
    _ = try options.resolved(axes: axes, name)
    try checkChannels(inputs, outputs, options.groups, name)
    let shape = [inputs, outputs / options.groups] + kernel
    let initialization = WeightInitialization.standard
    weight = try Parameter(initialization.weight(shape))
    self.bias = bias ? try Parameter(initialization.bias(outputs, weight: shape)) : nil
    self.options = options
    self.outputPadding = outputPadding
  }

  /// - Parameter input: [N, inputs, space…].
  /// - Returns: [N, outputs, space…], channels last, of the sizes that
  ///   ``Tensor/transposedConvolution(_:bias:_:outputPadding:)`` gives.
  /// - Throws: ``MartletError`` for an input of other axes or channels, an output padding out of range, or an output
  ///   without elements.
  public func forward(_ input: Tensor) throws -> Tensor {
    try input.transposedConvolution(weight.value, bias: bias?.value, options, outputPadding: [outputPadding])
  }
}

/// Transposed convolution of [N, C, L].
public final class ConvTranspose1d: TransposedConvolutionLayer {
  /// As PyTorch's `ConvTranspose1d`.
  ///
  /// - Parameters:
  ///   - padding: What is taken away from the output on either side.
  ///   - outputPadding: What is added to the output's end: from 0 to below the stride or the dilation. It is checked
  ///     when the layer runs.
  ///   - groups: How many groups of channels are convolved by themselves; it divides both numbers of channels.
  ///   - bias: Whether there is one.
  /// - Throws: ``MartletError`` for padding below 0, another number below 1, or groups that do not divide the channels.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) throws {
    try super.init(
      axes: 1, inputChannels, outputChannels, kernelSize,
      ConvolutionOptions(stride: [stride], padding: [padding], dilation: [dilation], groups: groups),
      outputPadding: outputPadding, bias: bias)
  }
}

/// Transposed convolution of [N, C, H, W].
public final class ConvTranspose2d: TransposedConvolutionLayer {
  /// As PyTorch's `ConvTranspose2d`, with one number for both axes.
  ///
  /// - Parameters: As those of ``ConvTranspose1d``.
  /// - Throws: ``MartletError`` as ``ConvTranspose1d`` does.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) throws {
    try super.init(
      axes: 2, inputChannels, outputChannels, kernelSize,
      ConvolutionOptions(stride: [stride], padding: [padding], dilation: [dilation], groups: groups),
      outputPadding: outputPadding, bias: bias)
  }
}

/// Transposed convolution of [N, C, D, H, W].
public final class ConvTranspose3d: TransposedConvolutionLayer {
  /// As PyTorch's `ConvTranspose3d`, with one number for all axes.
  ///
  /// - Parameters: As those of ``ConvTranspose1d``.
  /// - Throws: ``MartletError`` as ``ConvTranspose1d`` does.
  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) throws {
    try super.init(
      axes: 3, inputChannels, outputChannels, kernelSize,
      ConvolutionOptions(stride: [stride], padding: [padding], dilation: [dilation], groups: groups),
      outputPadding: outputPadding, bias: bias)
  }
}

private func checkedKernel(_ size: [Int], _ axes: Int, _ name: String) throws -> [Int] {
  try require(
    (size.count == 1 || size.count == axes) && size.allSatisfy { $0 > 0 }, name,
    "expected a kernel size of 1 or more, one or \(axes) numbers, got \(size)")
  return size.count == axes ? size : Array(repeating: size[0], count: axes)
}

private func checkChannels(_ inputs: Int, _ outputs: Int, _ groups: Int, _ name: String) throws {
  try require(
    inputs > 0 && outputs > 0 && inputs % groups == 0 && outputs % groups == 0, name,
    "expected channels that \(groups) groups divide, got \(inputs) inputs and \(outputs) outputs")
}
