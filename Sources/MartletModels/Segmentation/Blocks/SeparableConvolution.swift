import Martlet

/// A convolution of each channel by itself, then one of pixels (Chollet, "Xception", 2017). State names `0` and `1`.
final class SeparableConvolution: Layer {
  @Key("0") private var depthwise: Conv2d
  @Key("1") private var pointwise: Conv2d

  init(_ inputs: Int, _ outputs: Int, dilation: Int = 1) throws {
    depthwise = try Conv2d(
      inputChannels: inputs, outputChannels: inputs, kernelSize: [3],
      options: ConvolutionOptions(padding: dilation, dilation: dilation, groups: inputs), bias: false,
      initialization: .kaimingUniform)
    pointwise = try Conv2d(
      inputChannels: inputs, outputChannels: outputs, kernelSize: [1], options: ConvolutionOptions(),
      bias: false, initialization: .kaimingUniform)
  }

  func forward(_ input: Tensor) throws -> Tensor { try pointwise(depthwise(input)) }
}

/// A separable convolution, batch normalisation, ReLU. State names `0.0`, `0.1` and `1`.
final class SeparableUnit: Layer {
  @Key("0") private var convolution: SeparableConvolution
  @Key("1") private var normalization: BatchNorm

  init(_ inputs: Int, _ outputs: Int, dilation: Int = 1) throws {
    convolution = try SeparableConvolution(inputs, outputs, dilation: dilation)
    normalization = try BatchNorm(channels: outputs)
  }

  func forward(_ input: Tensor) throws -> Tensor { try normalization(convolution(input)).relu() }
}
