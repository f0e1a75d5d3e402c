import Martlet

/// DeepLabV3+'s decoder (Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
/// Segmentation", 2018): the pyramid at a quarter of the image, joined with the encoder's features of that size. State
/// names `aspp.0.convs.0.0`, `aspp.1.0`, `aspp.2`, `block1.0`, `block2.0.0`, …
final class DeepLabV3PlusDecoder: FeatureDecoder {
  @Key("aspp.0") private var pyramid: AtrousPyramid
  @Key("aspp.1") private var convolution: SeparableConvolution
  @Key("aspp.2") private var normalization: BatchNorm
  private let block1: ConvolutionUnit
  private let block2: SeparableUnit

  /// - Parameter channels: Outputs.
  init(encoderChannels: [Int], channels: Int, rates: [Int], dropout: Double) throws {
    // 48 as published.
    block1 = try ConvolutionUnit(encoderChannels[2], 48, kernel: 1)
    block2 = try SeparableUnit(48 + channels, channels)
    pyramid = try AtrousPyramid(
      encoderChannels[encoderChannels.count - 1], channels, rates: rates, isSeparable: true, dropout: dropout)
    convolution = try SeparableConvolution(channels, channels)
    normalization = try BatchNorm(channels: channels)
  }

  func callAsFunction(_ features: [Tensor]) throws -> Tensor {
    try scoped {
      let deep = try normalization(convolution(pyramid(features[features.count - 1]))).relu()
      let fine = try block1(features[2])
      let enlarged = try deep.upsampled(to: fine.space, mode: .bilinear(alignCorners: true))
      return try block2(concatenated([enlarged, fine], axis: 1))
    }
  }
}
