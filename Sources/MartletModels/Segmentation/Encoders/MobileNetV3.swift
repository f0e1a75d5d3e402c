import Martlet

/// MobileNetV3-Large (Howard et al., "Searching for MobileNetV3", 2019), with torchvision's names: `features.0.0`,
/// `features.1.block.0.0`, `features.4.block.2.fc1`, …
final class MobileNetV3Encoder: LayeredEncoder {
  init(_ configuration: EncoderConfiguration) throws {
    var layers: [any Layer] = [
      try Self.unit(configuration.inputChannels, 16, stride: 2, activation: .hardSwish)
    ]
    var inputs = 16
    var reduction = 2
    for row in Self.rows {
      reduction *= row.stride
      let dilation = configuration.dilation(ofStride: reduction)
      layers.append(
        try InvertedResidual(inputs, row, stride: dilation > 1 ? 1 : row.stride, dilation: dilation))
      inputs = row.outputs
    }
    layers.append(try Self.unit(160, 960, kernel: 1, activation: .hardSwish))
    super.init(configuration, channels: [16, 24, 40, 112, 960], ends: [1, 3, 6, 12, 16], layers: layers)
  }

  /// Convolution, batch normalisation with this network's numbers, activation.
  fileprivate static func unit(
    _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
    activation: Activation
  ) throws -> ConvolutionUnit {
    try ConvolutionUnit(
      inputs, outputs, kernel: kernel, stride: stride, dilation: dilation, groups: groups, epsilon: 1e-3,
      momentum: 0.01, activation: activation, initialization: .kaimingNormal)
  }

  /// A row of the publication's table 1.
  fileprivate struct Row {
    let kernel: Int
    let width: Int
    let outputs: Int
    let squeezes: Bool
    let activation: Activation
    let stride: Int
  }

  private static let rows: [Row] = [
    Row(kernel: 3, width: 16, outputs: 16, squeezes: false, activation: .relu, stride: 1),
    Row(kernel: 3, width: 64, outputs: 24, squeezes: false, activation: .relu, stride: 2),
    Row(kernel: 3, width: 72, outputs: 24, squeezes: false, activation: .relu, stride: 1),
    Row(kernel: 5, width: 72, outputs: 40, squeezes: true, activation: .relu, stride: 2),
    Row(kernel: 5, width: 120, outputs: 40, squeezes: true, activation: .relu, stride: 1),
    Row(kernel: 5, width: 120, outputs: 40, squeezes: true, activation: .relu, stride: 1),
    Row(kernel: 3, width: 240, outputs: 80, squeezes: false, activation: .hardSwish, stride: 2),
    Row(kernel: 3, width: 200, outputs: 80, squeezes: false, activation: .hardSwish, stride: 1),
    Row(kernel: 3, width: 184, outputs: 80, squeezes: false, activation: .hardSwish, stride: 1),
    Row(kernel: 3, width: 184, outputs: 80, squeezes: false, activation: .hardSwish, stride: 1),
    Row(kernel: 3, width: 480, outputs: 112, squeezes: true, activation: .hardSwish, stride: 1),
    Row(kernel: 3, width: 672, outputs: 112, squeezes: true, activation: .hardSwish, stride: 1),
    Row(kernel: 5, width: 672, outputs: 160, squeezes: true, activation: .hardSwish, stride: 2),
    Row(kernel: 5, width: 960, outputs: 160, squeezes: true, activation: .hardSwish, stride: 1),
    Row(kernel: 5, width: 960, outputs: 160, squeezes: true, activation: .hardSwish, stride: 1),
  ]
}

/// An inverted residual with squeeze and excitation between the channels' own convolution and the last.
private final class InvertedResidual: Layer {
  @Key("block") private var layers: [any Layer]
  private let addsInput: Bool

  init(_ inputs: Int, _ row: MobileNetV3Encoder.Row, stride: Int, dilation: Int) throws {
    addsInput = row.stride == 1 && inputs == row.outputs
    var layers: [any Layer] = []
    if row.width != inputs {
      layers.append(
        try MobileNetV3Encoder.unit(inputs, row.width, kernel: 1, activation: row.activation))
    }
    layers.append(
      try MobileNetV3Encoder.unit(
        row.width, row.width, kernel: row.kernel, stride: stride, dilation: dilation, groups: row.width,
        activation: row.activation))
    if row.squeezes { layers.append(try SqueezeExcitation(row.width)) }
    layers.append(
      try MobileNetV3Encoder.unit(row.width, row.outputs, kernel: 1, activation: .none))
    self.layers = layers
  }

  func forward(_ input: Tensor) throws -> Tensor {
    let x = try layers.reduce(input) { try $1($0) }
    return addsInput ? try x + input : x
  }
}

/// Weighs channels by what the whole image says (Hu et al., "Squeeze-and-Excitation Networks", 2018), with a quarter of
/// the channels, as a multiple of 8, in between.
private final class SqueezeExcitation: Layer {
  private let fc1: Conv2d
  private let fc2: Conv2d

  init(_ channels: Int) throws {
    // torchvision's rounding to multiples of 8, up where rounding down takes more than a tenth.
    let wanted = channels / 4
    let rounded = max(8, (wanted + 4) / 8 * 8)
    let squeezed = Double(rounded) < 0.9 * Double(wanted) ? rounded + 8 : rounded
    func pointwise(_ inputs: Int, _ outputs: Int) throws -> Conv2d {
      try Conv2d(
        inputChannels: inputs, outputChannels: outputs, kernelSize: [1], options: ConvolutionOptions(),
        initialization: .kaimingNormal)
    }
    fc1 = try pointwise(channels, squeezed)
    fc2 = try pointwise(squeezed, channels)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try input * fc2(fc1(input.globalAveragePooled()).relu()).hardSigmoid()
  }
}
