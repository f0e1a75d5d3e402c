import Martlet

/// VGG (Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015), with
/// torchvision's names: `features.0`, `features.3`, … by position, activations and pooling counted.
final class VGGEncoder: FeatureEncoder {
  let channels: [Int]
  @Key("features") private var layers: [any Layer]
  /// How many layers lie before each pooling, and all.
  private let ends: [Int]
  /// Convolutions before each pooling.
  let stageDepths: [Int]

  init(_ configuration: EncoderConfiguration) throws {
    try require(
      configuration.outputStride == 32, "encoder",
      "expected an output stride of 32 for \(configuration.name), whose pooling cannot be dilated, got "
        + "\(configuration.outputStride)")
    let depths =
      switch configuration.name {
      case .vgg11, .vgg11BN: [1, 1, 2, 2, 2]
      case .vgg13, .vgg13BN: [2, 2, 2, 2, 2]
      case .vgg16, .vgg16BN: [2, 2, 3, 3, 3]
      case .vgg19, .vgg19BN: [2, 2, 4, 4, 4]
      default: preconditionFailure("\(configuration.name) is no VGG")
      }
    stageDepths = depths
    let normalizes = configuration.name.rawValue.hasSuffix("_bn")
    let widths = [64, 128, 256, 512, 512]
    var layers: [any Layer] = []
    var ends: [Int] = []
    var inputs = configuration.inputChannels
    for (depth, width) in zip(depths, widths) {
      for _ in 0..<depth {
        layers.append(
          try Conv2d(
            inputChannels: inputs, outputChannels: width, kernelSize: [3],
            options: ConvolutionOptions(padding: 1),
            initialization: .kaimingNormal))
        if normalizes { layers.append(try BatchNorm(channels: width)) }
        layers.append(ReLU())
        inputs = width
      }
      ends.append(layers.count)
      layers.append(MaxPool2d(kernelSize: 2))
    }
    ends.append(layers.count)
    channels = Array((widths + [512]).prefix(configuration.depth + 1))
    self.ends = Array(ends.prefix(configuration.depth + 1))
    self.layers = layers
  }

  /// The layers between two poolings, for networks that pool in their own way.
  var stages: [ArraySlice<any Layer>] {
    var start = 0
    return ends.prefix(5).map { end in
      defer { start = end + 1 }
      return layers[start..<end]
    }
  }

  func features(_ images: Tensor) throws -> [Tensor] {
    var found: [Tensor] = []
    var x = images
    for (index, layer) in layers.prefix(ends.last ?? 0).enumerated() {
      x = try layer(x)
      if ends.contains(index + 1) { found.append(x) }
    }
    return found
  }
}
