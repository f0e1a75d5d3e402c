import Martlet

/// U-Net++ over a classification network: segmentation_models.pytorch's `UnetPlusPlus`, by structure and by names
/// (`encoder.…`, `decoder.blocks.x_0_0.conv1.0`, `segmentation_head.0`).
public final class EncoderUNetPlusPlus: SegmentationModel {
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    public var encoder = EncoderName.resnet34
    /// Halvings of the encoder that are used.
    public var encoderDepth = 5
    /// Outputs of each step up, lowest first. As many as there are halvings.
    public var decoderChannels = [256, 128, 64, 32, 16]

    public init() {}
  }

  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["segmentation_head"] }

  private let encoder: any FeatureEncoder
  private let decoder: UNetPlusPlusDecoder
  private let segmentationHead: SegmentationHead

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    let channels = try checkDecoder(c.decoderChannels, depth: c.encoderDepth, classes: c.classCount, "unet++")
    try require(
      c.encoderDepth >= 2, "unet++", "expected an encoder depth of 2 or more, got \(c.encoderDepth)")
    self.configuration = c
    encoder = try EncoderConfiguration(c.encoder, depth: c.encoderDepth, inputChannels: c.inputChannels)
      .makeEncoder()
    decoder = try UNetPlusPlusDecoder(
      encoderChannels: encoder.channels, channels: channels, hasCenter: c.encoder.isVGG)
    segmentationHead = try SegmentationHead(channels[channels.count - 1], classes: c.classCount, kernel: 3)
  }

  /// Logits for images whose sizes are multiples of 2^encoderDepth.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, multipleOf: 1 << configuration.encoderDepth, "unet++")
    return try segmentationHead(decoder(encoder.features(images)))
  }

  public func fit(_ space: [Int]) -> InputFit { .multiple(of: 1 << configuration.encoderDepth, space) }
}
