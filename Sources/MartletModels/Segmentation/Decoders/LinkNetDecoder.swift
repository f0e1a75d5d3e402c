import Martlet

/// LinkNet's way up (Chaurasia and Culurciello, "LinkNet", 2017): features are added, not joined. State names
/// `blocks.0.block.0.0`, `blocks.0.block.1.0`, …
final class LinkNetDecoder: FeatureDecoder {
  static let outputChannels = 32
  private let blocks: [LinkBlock]

  init(encoderChannels: [Int]) throws {
    let channels = encoderChannels.dropFirst().reversed() + [Self.outputChannels]
    blocks = try zip(channels, channels.dropFirst()).map { try LinkBlock($0, $1) }
  }

  func callAsFunction(_ features: [Tensor]) throws -> Tensor {
    try scoped {
      var x = features[features.count - 1]
      for (step, block) in blocks.enumerated() {
        x = try block(x)
        let level = features.count - 2 - step
        if level > 0 { x = try x + features[level] }
      }
      return x
    }
  }
}

/// A quarter of the channels, twice the size by a transposed 4×4 convolution, and the channels that are wanted.
private final class LinkBlock: Layer {
  @Key("block.0") private var reduce: ConvolutionUnit
  @Key("block.1.0") private var up: ConvTranspose2d
  @Key("block.1.1") private var upNorm: BatchNorm
  @Key("block.2") private var expand: ConvolutionUnit

  init(_ inputs: Int, _ outputs: Int) throws {
    let width = inputs / 4
    reduce = try ConvolutionUnit(inputs, width, kernel: 1)
    up = try ConvTranspose2d(
      inputChannels: width, outputChannels: width, kernelSize: 4, stride: 2, padding: 1)
    upNorm = try BatchNorm(channels: width)
    expand = try ConvolutionUnit(width, outputs, kernel: 1)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try expand(upNorm(up(reduce(input))).relu())
  }
}
