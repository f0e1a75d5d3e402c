/// What `Conv1d`, `Conv2d` and `Conv3d` share: weight [outputs, inputs / groups, kernel…] and perhaps a bias [outputs].
///
/// Parameters are drawn as PyTorch draws them, unless another ``WeightInitialization`` is asked for.
public class ConvolutionLayer: Layer {
  public let weight: Parameter
  public let bias: Parameter?
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

  public func forward(_ input: Tensor) throws -> Tensor {
    try input.convolution(weight.value, bias: bias?.value, options)
  }
}

/// Convolution of [N, C, L].
public final class Conv1d: ConvolutionLayer {
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
  public let weight: Parameter
  public let bias: Parameter?
  public let options: ConvolutionOptions
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

  public func forward(_ input: Tensor) throws -> Tensor {
    try input.transposedConvolution(weight.value, bias: bias?.value, options, outputPadding: [outputPadding])
  }
}

/// Transposed convolution of [N, C, L].
public final class ConvTranspose1d: TransposedConvolutionLayer {
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
