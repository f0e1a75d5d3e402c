import Martlet

/// A network of three parts, as segmentation_models.pytorch has them: an encoder, a decoder of its features, and a head.
/// State names `encoder.…`, `decoder.…`, `segmentation_head.0`.
public class EncodedNetwork: SegmentationModel {
  public let inputChannels: Int
  public let classCount: Int
  public var headNames: [String] { ["segmentation_head"] }
  public var smallestTrainingBatch: Int { 1 }

  private let encoder: any FeatureEncoder
  private let decoder: any FeatureDecoder
  private let segmentationHead: SegmentationHead
  private let name: String
  private let divisor: Int
  private let smallestSide: Int

  /// - Parameters:
  ///   - name: What errors call the network.
  ///   - divisor: What sizes of images have to be multiples of.
  ///   - decoder: Makes the decoder for features of such channels, full size first.
  ///   - head: Makes the head.
  init(
    _ name: String, _ encoder: EncoderConfiguration, classes: Int, divisor: Int = 1,
    decoder: (_ channels: [Int]) throws -> any FeatureDecoder, head: () throws -> SegmentationHead
  ) throws {
    try require(classes > 0, name, "expected at least 1 class, got \(classes)")
    self.name = name
    self.divisor = divisor
    inputChannels = encoder.inputChannels
    classCount = classes
    smallestSide = encoder.smallestSide
    self.encoder = try encoder.makeEncoder()
    self.decoder = try decoder(self.encoder.channels)
    segmentationHead = try head()
  }

  /// Logits for images of a size that fits.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, multipleOf: divisor, atLeast: smallestSide, name)
    return try segmentationHead(decoder(encoder.features(images)))
  }

  public func fit(_ space: [Int]) -> InputFit {
    .multiple(of: divisor, atLeast: smallestSide, space)
  }
}

/// What makes of an encoder's features, full size first, those that the head reads.
protocol FeatureDecoder: Module {
  func callAsFunction(_ features: [Tensor]) throws -> Tensor
}
