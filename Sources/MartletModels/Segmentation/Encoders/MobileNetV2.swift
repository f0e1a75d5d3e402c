import Martlet

/// MobileNetV2 (Sandler et al., "Inverted Residuals and Linear Bottlenecks", 2018), with torchvision's names:
/// `features.0.0`, `features.1.conv.0.0`, …
final class MobileNetV2Encoder: LayeredEncoder {
  init(_ configuration: EncoderConfiguration) throws {
    var layers: [any Layer] = [
      try ConvolutionUnit(
        configuration.inputChannels, 32, stride: 2, activation: .relu6, initialization: .kaimingNormal)
    ]
    var inputs = 32
    var reduction = 2
    for (expansion, outputs, count, stride) in [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ] {
      reduction *= stride
      let dilation = configuration.dilation(ofStride: reduction)
      for block in 0..<count {
        layers.append(
          try InvertedResidual(
            inputs, outputs, expansion: expansion, stride: block == 0 && dilation == 1 ? stride : 1,
            isFirstOfStride: block == 0 && stride > 1, dilation: dilation))
        inputs = outputs
      }
    }
    layers.append(
      try ConvolutionUnit(320, 1280, kernel: 1, activation: .relu6, initialization: .kaimingNormal))
    super.init(configuration, channels: [16, 24, 32, 96, 1280], ends: [1, 3, 6, 13, 18], layers: layers)
  }
}

/// Channels expanded, each convolved by itself, and brought together without an activation; added to the input where
/// that has the same shape.
private final class InvertedResidual: Layer {
  @Key("conv") private var layers: [any Layer]
  private let addsInput: Bool

  /// - Parameter isFirstOfStride: Whether the block had a stride, so that nothing is added although dilation may have
  ///   taken its place.
  init(
    _ inputs: Int, _ outputs: Int, expansion: Int, stride: Int, isFirstOfStride: Bool, dilation: Int
  ) throws {
    let width = inputs * expansion
    addsInput = !isFirstOfStride && inputs == outputs
    var layers: [any Layer] = []
    if expansion > 1 {
      layers.append(
        try ConvolutionUnit(inputs, width, kernel: 1, activation: .relu6, initialization: .kaimingNormal))
    }
    layers.append(
      try ConvolutionUnit(
        width, width, stride: stride, dilation: dilation, groups: width, activation: .relu6,
        initialization: .kaimingNormal))
    layers.append(
      try Conv2d(
        inputChannels: width, outputChannels: outputs, kernelSize: [1], options: ConvolutionOptions(),
        bias: false, initialization: .kaimingNormal))
    layers.append(try BatchNorm(channels: outputs))
    self.layers = layers
  }

  func forward(_ input: Tensor) throws -> Tensor {
    let x = try layers.reduce(input) { try $1($0) }
    return addsInput ? try x + input : x
  }
}
