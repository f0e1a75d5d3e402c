import Martlet

/// U-Net++ over a classification network: segmentation_models.pytorch's `UnetPlusPlus`, by structure and by names
/// (`encoder.…`, `decoder.blocks.x_0_0.conv1.0`, `segmentation_head.0`).
public final class EncoderUNetPlusPlus: EncodedNetwork {
  /// The same choices as for ``EncoderUNet``.
  public typealias Configuration = EncoderUNet.Configuration

  /// What was chosen, defaults included.
  public let configuration: Configuration

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try checkDecoder(c.decoderChannels, depth: c.encoderDepth, "unet++")
    try require(
      c.encoderDepth >= 2, "unet++", "expected an encoder depth of 2 or more, got \(c.encoderDepth)")
    self.configuration = c
    try super.init(
      "unet++", EncoderConfiguration(c.encoder, depth: c.encoderDepth, inputChannels: c.inputChannels),
      classes: c.classCount, divisor: 1 << c.encoderDepth
    ) {
      try UNetPlusPlusDecoder(encoderChannels: $0, channels: c.decoderChannels, hasCenter: c.encoder.isVGG)
    } head: {
      try SegmentationHead(c.decoderChannels[c.encoderDepth - 1], classes: c.classCount, kernel: 3)
    }
  }
}
