import Martlet

/// DeepLabV3 (Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017): torchvision's
/// `deeplabv3_resnet50` and `deeplabv3_resnet101`, by structure and by names (`backbone.layer1.0.conv1`,
/// `classifier.0.convs.0.0`, `classifier.4`, `aux_classifier.0`).
public final class DeepLabV3: SegmentationModel {
  /// What there is to choose in DeepLabV3.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// `resnet50` or `resnet101`.
    public var encoder = EncoderName.resnet50
    /// Dilations of the pyramid's 3×3 convolutions.
    public var atrousRates = [12, 24, 36]
    /// A second head on the third stage, which only training looks at, with half the weight in the loss.
    public var auxiliaryHead = false

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var smallestTrainingBatch: Int { 2 }
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["classifier.4"] + (auxiliary == nil ? [] : ["aux_classifier.4"]) }

  private let backbone: ResNetEncoder
  @Key("classifier.0") private var pyramid: AtrousPyramid
  @Key("classifier.1") private var convolution: Conv2d
  @Key("classifier.2") private var normalization: BatchNorm
  @Key("classifier.4") private var head: Conv2d
  @Key("aux_classifier") private var auxiliary: AuxiliaryHead?

  private static let encoders = [EncoderName.resnet50, .resnet101]

  /// - Throws: ``MartletError`` when a number in the configuration cannot be, or the encoder is another than ResNet-50 or 101.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    let name = "deeplabv3"
    try require(c.classCount > 0, name, "expected at least 1 class, got \(c.classCount)")
    try require(
      Self.encoders.contains(c.encoder), name,
      "expected the encoder \(Self.encoders.map(\.rawValue).joined(separator: " or ")), got \(c.encoder)")
    try checkAtrousRates(c.atrousRates, name)
    self.configuration = c
    let settings = EncoderConfiguration(c.encoder, outputStride: 8, inputChannels: c.inputChannels)
    try settings.check()
    backbone = try ResNetEncoder(settings, firstBlockKeepsDilation: true)
    pyramid = try AtrousPyramid(2048, 256, rates: c.atrousRates, initialization: .standard)
    convolution = try Conv2d(inputChannels: 256, outputChannels: 256, kernelSize: 3, padding: 1, bias: false)
    normalization = try BatchNorm(channels: 256)
    head = try Conv2d(inputChannels: 256, outputChannels: c.classCount, kernelSize: 1)
    auxiliary = c.auxiliaryHead ? try AuxiliaryHead(1024, classes: c.classCount) : nil
  }

  /// Logits for images of any size.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, "deeplabv3")
    return try main(backbone.features(images))
  }

  public func supervised(_ images: Tensor) throws -> [SupervisedOutput] {
    try checkImages(images, "deeplabv3")
    let features = try backbone.features(images)
    var outputs = [SupervisedOutput(try main(features))]
    if let auxiliary {
      outputs.append(SupervisedOutput(try enlarged(auxiliary(features[4]), to: images), weight: 0.5))
    }
    return outputs
  }

  private func main(_ features: [Tensor]) throws -> Tensor {
    let x = try normalization(convolution(pyramid(features[5]))).relu()
    return try enlarged(head(x), to: features[0])
  }

  private func enlarged(_ scores: Tensor, to images: Tensor) throws -> Tensor {
    try scores.upsampled(to: images.space, mode: .bilinear())
  }
}

/// torchvision's `FCNHead`: a 3×3 convolution to a quarter of the channels, dropout, and the classes. State names `0`,
/// `1`, `4`.
private final class AuxiliaryHead: Layer {
  @Key("0") private var convolution: Conv2d
  @Key("1") private var normalization: BatchNorm
  @Key("4") private var head: Conv2d
  private let dropout: Dropout

  init(_ inputs: Int, classes: Int) throws {
    dropout = try Dropout(probability: 0.1)
    convolution = try Conv2d(
      inputChannels: inputs, outputChannels: inputs / 4, kernelSize: 3, padding: 1, bias: false)
    normalization = try BatchNorm(channels: inputs / 4)
    head = try Conv2d(inputChannels: inputs / 4, outputChannels: classes, kernelSize: 1)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try head(dropout(normalization(convolution(input)).relu()))
  }
}
