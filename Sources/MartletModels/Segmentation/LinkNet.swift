import Martlet

/// LinkNet (Chaurasia and Culurciello, "LinkNet: Exploiting Encoder Representations for Efficient Semantic
/// Segmentation", 2017): segmentation_models.pytorch's `Linknet`, by structure and by names (`encoder.…`,
/// `decoder.blocks.0.block.0.0`, `segmentation_head.0`).
public final class LinkNet: EncodedNetwork {
  /// What there is to choose in LinkNet.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Any encoder; its features from half the image's size down are read.
    public var encoder = EncoderName.resnet34
    /// Halvings of the encoder that are used.
    public var encoderDepth = 5

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(
      (1...5).contains(c.encoderDepth), "linknet",
      "expected an encoder depth of 1 to 5, got \(c.encoderDepth)")
    self.configuration = c
    try super.init(
      "linknet", EncoderConfiguration(c.encoder, depth: c.encoderDepth, inputChannels: c.inputChannels),
      classes: c.classCount, divisor: 1 << c.encoderDepth
    ) {
      try LinkNetDecoder(encoderChannels: $0)
    } head: {
      try SegmentationHead(LinkNetDecoder.outputChannels, classes: c.classCount, kernel: 1)
    }
  }
}
