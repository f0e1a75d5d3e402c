import Martlet

/// A classification network without its head, as the way down of a segmentation network.
///
/// Parameters carry the names of segmentation_models.pytorch's encoder of the same name, or torchvision's where that
/// has none.
protocol FeatureEncoder: Module {
  /// Channels of the features at full size, half, a quarter and so on, to the encoder's depth.
  var channels: [Int] { get }

  /// The image's features from full size down, one a halving.
  ///
  /// With an output stride below 2^depth the last ones are as large as those before them.
  func features(_ images: Tensor) throws -> [Tensor]
}

/// An encoder and how it is used.
public struct EncoderConfiguration: Hashable, Sendable, Codable {
  /// The classification network. VGG has an ``outputStride`` of 32 only, EfficientNet a ``depth`` of 2 or more.
  public var name: EncoderName
  /// Halvings: the decoder sees features down to 1/2^depth of the image.
  public var depth = 5
  /// How much smaller than the image the last features are: 32, or 16 or 8 with the strides of the last stages turned
  /// into dilation.
  public var outputStride = 32
  /// Channels of the images.
  public var inputChannels = 3

  public init(_ name: EncoderName, depth: Int = 5, outputStride: Int = 32, inputChannels: Int = 3) {
    self.name = name
    self.depth = depth
    self.outputStride = outputStride
    self.inputChannels = inputChannels
  }

  /// - Throws: ``MartletError`` naming what cannot be.
  func check() throws {
    let depths = (name.isEfficientNet ? 2 : 1)...5
    try require(
      depths.contains(depth), "encoder",
      "\(name): expected a depth from \(depths.lowerBound) to 5, got \(depth)")
    try require(
      [8, 16, 32].contains(outputStride), "encoder",
      "expected an output stride of 8, 16 or 32, got \(outputStride)")
    try require(
      (1...65536).contains(inputChannels), "encoder",
      "expected 1 to 65536 input channels, got \(inputChannels)")
  }

  /// - Throws: ``MartletError`` naming what cannot be.
  func makeEncoder() throws -> any FeatureEncoder {
    try check()
    switch name {
    case .resnet18, .resnet34, .resnet50, .resnet101: return try ResNetEncoder(self)
    case .vgg11, .vgg13, .vgg16, .vgg19, .vgg11BN, .vgg13BN, .vgg16BN, .vgg19BN: return try VGGEncoder(self)
    case .mobileNetV2: return try MobileNetV2Encoder(self)
    case .mobileNetV3Large: return try MobileNetV3Encoder(self)
    case .efficientNetB0, .efficientNetB1, .efficientNetB2, .efficientNetB3, .efficientNetB4:
      return try EfficientNetEncoder(self)
    }
  }

  /// The smallest height and width of an image of which every halving leaves something: the pooling of VGG, and some of
  /// EfficientNet's convolutions, round halves down.
  var smallestSide: Int { name.isVGG || name.isEfficientNet ? min(1 << depth, outputStride) : 1 }

  /// How far the stage that would have a stride is dilated instead: 1 where it keeps its stride.
  func dilation(ofStride stride: Int) -> Int { max(stride / outputStride, 1) }
}

/// The encoders that there are, by segmentation_models.pytorch's names.
public enum EncoderName: String, Hashable, Sendable, Codable, CaseIterable, CustomStringConvertible {
  case resnet18, resnet34, resnet50, resnet101
  case vgg11, vgg13, vgg16, vgg19
  case vgg11BN = "vgg11_bn"
  case vgg13BN = "vgg13_bn"
  case vgg16BN = "vgg16_bn"
  case vgg19BN = "vgg19_bn"
  case mobileNetV2 = "mobilenet_v2"
  case mobileNetV3Large = "mobilenet_v3_large"
  case efficientNetB0 = "efficientnet-b0"
  case efficientNetB1 = "efficientnet-b1"
  case efficientNetB2 = "efficientnet-b2"
  case efficientNetB3 = "efficientnet-b3"
  case efficientNetB4 = "efficientnet-b4"

  public var description: String { rawValue }
  var isVGG: Bool { rawValue.hasPrefix("vgg") }
  var isEfficientNet: Bool { rawValue.hasPrefix("efficientnet") }
}
