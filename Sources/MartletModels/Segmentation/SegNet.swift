import Martlet

/// SegNet (Badrinarayanan, Kendall and Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image
/// Segmentation", 2017): VGG-16's convolutions down, the same back up, and each value put where the pooling found the
/// largest.
///
/// State names: `encoder.features.{n}` as torchvision's `vgg16_bn`, whose weights fit, and `decoder.{n}.0` (convolution)
/// and `decoder.{n}.1` (batch normalisation) for the 13 layers of the way up, the last of which is a convolution alone.
public final class SegNet: SegmentationModel {
  /// What there is to choose in SegNet.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// The VGG whose convolutions lead down and, mirrored, up: `vgg16_bn` as published.
    public var encoder = EncoderName.vgg16BN

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["decoder.\(decoder.count - 1)"] }

  private let encoder: VGGEncoder
  private let decoder: [ConvolutionUnit]

  /// - Throws: ``MartletError`` when a number in the configuration cannot be, or the encoder is no VGG.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(c.classCount > 0, "segnet", "expected at least 1 class, got \(c.classCount)")
    try require(
      c.encoder.isVGG, "segnet",
      "expected a VGG encoder (\(EncoderName.allCases.filter(\.isVGG).map(\.rawValue).joined(separator: ", "))), got "
        + "\(c.encoder)")
    self.configuration = c
    let settings = EncoderConfiguration(c.encoder, inputChannels: c.inputChannels)
    try settings.check()
    let encoder = try VGGEncoder(settings)
    self.encoder = encoder
    // Each stage mirrored: its inner layers keep the channels, the last one has those of the stage above.
    let widths = [64, 128, 256, 512, 512]
    decoder = try encoder.stageDepths.indices.reversed().flatMap { stage in
      let depth = encoder.stageDepths[stage]
      return try (0..<depth).map { layer in
        let isLast = layer == depth - 1
        let outputs = !isLast ? widths[stage] : stage > 0 ? widths[stage - 1] : c.classCount
        let isHead = isLast && stage == 0
        return try ConvolutionUnit(
          widths[stage], outputs, bias: true, normalizes: !isHead, activation: isHead ? .none : .relu,
          initialization: .standard)
      }
    }
  }

  /// Logits for images of any size: pooling windows may reach over the border.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, "segnet")
    var x = images
    var pooled: [MaxPoolIndices] = []
    for stage in encoder.stages {
      x = try stage.reduce(x) { try $1($0) }
      let (values, indices) = try x.maxPooledWithIndices(kernel: [2], ceilMode: true)
      x = values
      pooled.append(indices)
    }
    var layers = decoder[...]
    for (depth, indices) in zip(encoder.stageDepths, pooled).reversed() {
      x = try x.maxUnpooled(indices)
      x = try layers.prefix(depth).reduce(x) { try $1($0) }
      layers = layers.dropFirst(depth)
    }
    return x
  }
}
