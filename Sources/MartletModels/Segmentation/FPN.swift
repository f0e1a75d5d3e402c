import Martlet

/// Feature pyramid network for segmentation (Kirillov et al., "Panoptic Feature Pyramid Networks", 2019):
/// segmentation_models.pytorch's `FPN`, by structure and by names (`encoder.…`, `decoder.p5`, `segmentation_head.0`).
public final class FPN: EncodedNetwork {
  /// What there is to choose in a feature pyramid network.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Any encoder; its features from a quarter to 1/32 of the image's size are read.
    public var encoder = EncoderName.resnet34
    /// Channels of the pyramid's levels.
    public var pyramidChannels = 256
    /// Channels of what is made of each level; a multiple of 32.
    public var segmentationChannels = 128
    /// Probability that a channel is left out in training.
    public var dropout = 0.2

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(
      (1...65536).contains(c.pyramidChannels), "fpn",
      "expected 1 to 65536 pyramid channels, got \(c.pyramidChannels)")
    try require(
      (1...65536).contains(c.segmentationChannels) && c.segmentationChannels % 32 == 0, "fpn",
      "expected segmentation channels that are a multiple of 32, got \(c.segmentationChannels)")
    try require(
      (0..<1).contains(c.dropout), "fpn", "expected a dropout of 0 or more and below 1, got \(c.dropout)")
    self.configuration = c
    try super.init(
      "fpn", EncoderConfiguration(c.encoder, inputChannels: c.inputChannels), classes: c.classCount,
      divisor: 32
    ) {
      try FeaturePyramid(
        encoderChannels: $0, pyramidChannels: c.pyramidChannels, segmentationChannels: c.segmentationChannels,
        dropout: c.dropout)
    } head: {
      try SegmentationHead(c.segmentationChannels, classes: c.classCount, kernel: 1, upsampling: 4)
    }
  }
}
