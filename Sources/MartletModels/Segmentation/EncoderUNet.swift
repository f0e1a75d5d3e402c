import Martlet

/// U-Net over a classification network: segmentation_models.pytorch's `Unet`, by structure and by names (`encoder.…`,
/// `decoder.blocks.0.conv1.0`, `segmentation_head.0`).
public final class EncoderUNet: EncodedNetwork {
  /// What there is to choose in a U-Net over a classification network.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Any encoder. Over VGG, U-Net has two more convolutions before the first step up.
    public var encoder = EncoderName.resnet34
    /// Halvings of the encoder that are used.
    public var encoderDepth = 5
    /// Outputs of each step up, lowest first. As many as there are halvings.
    public var decoderChannels = [256, 128, 64, 32, 16]

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try checkDecoder(c.decoderChannels, depth: c.encoderDepth, "unet")
    self.configuration = c
    try super.init(
      "unet", EncoderConfiguration(c.encoder, depth: c.encoderDepth, inputChannels: c.inputChannels),
      classes: c.classCount
    ) {
      try UNetDecoder(encoderChannels: $0, channels: c.decoderChannels, hasCenter: c.encoder.isVGG)
    } head: {
      try SegmentationHead(c.decoderChannels[c.encoderDepth - 1], classes: c.classCount, kernel: 3)
    }
  }
}

/// Checks the channels of a way up against the encoder's depth.
func checkDecoder(_ channels: [Int], depth: Int, _ operation: String) throws {
  try require(
    !channels.isEmpty && channels.count == depth && channels.allSatisfy { (1...65536).contains($0) },
    operation,
    "expected \(depth) decoder channels of 1 to 65536, one for each halving of the encoder, got \(channels)")
}
