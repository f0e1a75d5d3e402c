import Martlet

/// DeepLabV3+ (Chen et al., "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation", 2018):
/// segmentation_models.pytorch's `DeepLabV3Plus`, by structure and by names (`encoder.…`, `decoder.aspp.0.convs.0.0`,
/// `decoder.block2.0.0`, `segmentation_head.0`).
public final class DeepLabV3Plus: EncodedNetwork {
  /// What there is to choose in DeepLabV3+.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Any but VGG, whose pooling cannot be dilated.
    public var encoder = EncoderName.resnet34
    /// How much smaller than the image the encoder's last features are: 16 or 8.
    public var outputStride = 16
    /// Channels of the pyramid and of the decoder.
    public var decoderChannels = 256
    /// Dilations of the pyramid's 3×3 convolutions.
    public var atrousRates = [12, 24, 36]
    /// Dropout probability behind the pyramid.
    public var dropout = 0.5

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public override var smallestTrainingBatch: Int { 2 }

  /// - Throws: ``MartletError`` when a number in the configuration cannot be, or the encoder is a VGG, which has no dilation.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    let name = "deeplabv3+"
    try require(
      !c.encoder.isVGG, name,
      "expected an encoder other than a VGG, whose pooling cannot be dilated, got \(c.encoder)")
    try require(
      [8, 16].contains(c.outputStride), name, "expected an output stride of 16 or 8, got \(c.outputStride)")
    try require(
      (1...65536).contains(c.decoderChannels), name,
      "expected 1 to 65536 pyramid channels, got \(c.decoderChannels)")
    try checkAtrousRates(c.atrousRates, name)
    self.configuration = c
    try super.init(
      name, EncoderConfiguration(c.encoder, outputStride: c.outputStride, inputChannels: c.inputChannels),
      classes: c.classCount, divisor: c.outputStride
    ) {
      try DeepLabV3PlusDecoder(
        encoderChannels: $0, channels: c.decoderChannels, rates: c.atrousRates, dropout: c.dropout)
    } head: {
      try SegmentationHead(c.decoderChannels, classes: c.classCount, kernel: 1, upsampling: 4)
    }
  }
}

/// Checks the dilations of an atrous pyramid.
func checkAtrousRates(_ rates: [Int], _ operation: String) throws {
  try require(
    !rates.isEmpty && rates.count <= 16 && rates.allSatisfy { (1...4096).contains($0) }, operation,
    "expected 1 to 16 atrous rates of 1 to 4096, got \(rates)")
}
