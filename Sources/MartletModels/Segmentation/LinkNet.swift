import Martlet

/// LinkNet (Chaurasia and Culurciello, "LinkNet: Exploiting Encoder Representations for Efficient Semantic
/// Segmentation", 2017): segmentation_models.pytorch's `Linknet`, by structure and by names (`encoder.…`,
/// `decoder.blocks.0.block.0.0`, `segmentation_head.0`).
public final class LinkNet: SegmentationModel {
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    public var encoder = EncoderName.resnet34
    /// Halvings of the encoder that are used.
    public var encoderDepth = 5

    public init() {}
  }

  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["segmentation_head"] }

  private let encoder: any FeatureEncoder
  private let decoder: LinkNetDecoder
  private let segmentationHead: SegmentationHead

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(c.classCount > 0, "linknet", "expected at least 1 class, got \(c.classCount)")
    self.configuration = c
    encoder = try EncoderConfiguration(c.encoder, depth: c.encoderDepth, inputChannels: c.inputChannels)
      .makeEncoder()
    decoder = try LinkNetDecoder(encoderChannels: encoder.channels)
    segmentationHead = try SegmentationHead(LinkNetDecoder.outputChannels, classes: c.classCount, kernel: 1)
  }

  /// Logits for images whose sizes are multiples of 2^encoderDepth.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, multipleOf: 1 << configuration.encoderDepth, "linknet")
    return try segmentationHead(decoder(encoder.features(images)))
  }

  public func fit(_ space: [Int]) -> InputFit { .multiple(of: 1 << configuration.encoderDepth, space) }
}
