import Martlet

/// Atrous spatial pyramid pooling (Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017):
/// a 1×1 convolution, dilated 3×3 ones and the mean of the whole image, joined and projected. State names `convs.0.0`,
/// … `convs.4.1`, `project.0`.
final class AtrousPyramid: Layer {
  private let convs: [any Layer]
  private let project: ConvolutionUnit
  private let dropout: Dropout

  init(
    _ inputs: Int, _ outputs: Int, rates: [Int], isSeparable: Bool = false, dropout: Double = 0.5,
    initialization: WeightInitialization = .kaimingUniform
  ) throws {
    var convs: [any Layer] = [
      try ConvolutionUnit(inputs, outputs, kernel: 1, initialization: initialization)
    ]
    for rate in rates {
      convs.append(
        try isSeparable
          ? SeparableUnit(inputs, outputs, dilation: rate)
          : ConvolutionUnit(inputs, outputs, dilation: rate, initialization: initialization))
    }
    convs.append(try ImagePooling(inputs, outputs, initialization))
    self.convs = convs
    project = try ConvolutionUnit(convs.count * outputs, outputs, kernel: 1, initialization: initialization)
    self.dropout = try Dropout(probability: dropout)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try dropout(project(concatenated(convs.map { try $0(input) }, axis: 1)))
  }
}

/// The mean over space, convolved, and put everywhere.
private final class ImagePooling: Layer {
  @Key("1") private var convolution: Conv2d
  @Key("2") private var normalization: BatchNorm

  init(_ inputs: Int, _ outputs: Int, _ initialization: WeightInitialization) throws {
    convolution = try Conv2d(
      inputChannels: inputs, outputChannels: outputs, kernelSize: [1], options: ConvolutionOptions(),
      bias: false, initialization: initialization)
    normalization = try BatchNorm(channels: outputs)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try normalization(convolution(input.globalAveragePooled())).relu()
      .upsampled(to: input.space, mode: .bilinear())
  }
}
