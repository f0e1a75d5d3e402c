import Martlet

/// Feature pyramid network for segmentation (Kirillov et al., "Panoptic Feature Pyramid Networks", 2019):
/// segmentation_models.pytorch's `FPN`, by structure and by names (`encoder.…`, `decoder.p5`, `segmentation_head.0`).
public final class FPN: SegmentationModel {
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    public var encoder = EncoderName.resnet34
    /// Channels of the pyramid's levels.
    public var pyramidChannels = 256
    /// Channels of what is made of each level; a multiple of 32.
    public var segmentationChannels = 128
    /// Probability that a channel is left out in training.
    public var dropout = 0.2

    public init() {}
  }

  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["segmentation_head"] }

  private let encoder: any FeatureEncoder
  private let decoder: FeaturePyramid
  private let segmentationHead: SegmentationHead

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(c.classCount > 0, "fpn", "expected at least 1 class, got \(c.classCount)")
    try require(
      (1...65536).contains(c.pyramidChannels), "fpn",
      "expected 1 to 65536 pyramid channels, got \(c.pyramidChannels)")
    try require(
      (1...65536).contains(c.segmentationChannels) && c.segmentationChannels % 32 == 0, "fpn",
      "expected segmentation channels that are a multiple of 32, got \(c.segmentationChannels)")
    try require(
      (0..<1).contains(c.dropout), "fpn", "expected a dropout of 0 or more and below 1, got \(c.dropout)")
    self.configuration = c
    encoder = try EncoderConfiguration(c.encoder, inputChannels: c.inputChannels).makeEncoder()
    decoder = try FeaturePyramid(
      encoderChannels: encoder.channels, pyramidChannels: c.pyramidChannels,
      segmentationChannels: c.segmentationChannels, dropout: c.dropout)
    segmentationHead = try SegmentationHead(
      c.segmentationChannels, classes: c.classCount, kernel: 1, upsampling: 4)
  }

  /// Logits for images whose sizes are multiples of 32.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, multipleOf: 32, "fpn")
    return try segmentationHead(decoder(encoder.features(images)))
  }

  public func fit(_ space: [Int]) -> InputFit { .multiple(of: 32, space) }
}
