import Martlet

/// U-Net over a classification network: segmentation_models.pytorch's `Unet`, by structure and by names (`encoder.…`,
/// `decoder.blocks.0.conv1.0`, `segmentation_head.0`).
public final class EncoderUNet: SegmentationModel {
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
  private let decoder: UNetDecoder
  private let segmentationHead: SegmentationHead

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    let channels = try checkDecoder(c.decoderChannels, depth: c.encoderDepth, classes: c.classCount, "unet")
    self.configuration = c
    encoder = try EncoderConfiguration(c.encoder, depth: c.encoderDepth, inputChannels: c.inputChannels)
      .makeEncoder()
    decoder = try UNetDecoder(
      encoderChannels: encoder.channels, channels: channels, hasCenter: c.encoder.isVGG)
    segmentationHead = try SegmentationHead(channels[channels.count - 1], classes: c.classCount, kernel: 3)
  }

  /// Logits for images of any size.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, "unet")
    return try segmentationHead(decoder(encoder.features(images)))
  }
}

/// Checks the channels of a way up against the encoder's depth.
func checkDecoder(_ channels: [Int], depth: Int, classes: Int, _ operation: String) throws -> [Int] {
  try require(classes > 0, operation, "expected at least 1 class, got \(classes)")
  try require(
    channels.count == depth && channels.allSatisfy { (1...65536).contains($0) }, operation,
    "expected \(depth) decoder channels of 1 to 65536, one for each halving of the encoder, got \(channels)")
  return channels
}
