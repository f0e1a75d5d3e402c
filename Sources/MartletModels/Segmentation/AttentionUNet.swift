import Martlet

/// Attention U-Net (Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas", 2018): gates weigh the
/// pixels of each skip by what the level below says.
///
/// State names are those of the PyTorch version that is in common use: `Conv1.conv.0` to `Conv5.conv.4`, `Up5.up.1`,
/// `Att5.W_g.0`, `Att5.W_x.0`, `Att5.psi.0`, `Up_conv5.conv.0`, … `Conv_1x1`.
public final class AttentionUNet: SegmentationModel {
  /// What there is to choose in an Attention U-Net.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Channels of the first level; each level down has twice as many.
    public var baseChannels = 64
    /// Levels below the first.
    public var depth = 4

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["Conv_1x1"] }

  @Key("") private var encoder: [String: ConvolutionPair]
  @Key("") private var decoder: [String: any Module]
  @Key("Conv_1x1") private var head: Conv2d
  private let pool = MaxPool2d(kernelSize: 2)

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    let name = "attention-unet"
    try require(c.inputChannels > 0, name, "expected at least 1 input channel, got \(c.inputChannels)")
    try require(c.classCount > 0, name, "expected at least 1 class, got \(c.classCount)")
    try require(
      (2...4096).contains(c.baseChannels), name, "expected 2 to 4096 base channels, got \(c.baseChannels)")
    try require((1...8).contains(c.depth), name, "expected a depth of 1 to 8, got \(c.depth)")
    self.configuration = c
    let channels = (0...c.depth).map { c.baseChannels << $0 }
    var encoder: [String: ConvolutionPair] = [:]
    for (level, outputs) in channels.enumerated() {
      encoder["Conv\(level + 1)"] = try ConvolutionPair(
        level == 0 ? c.inputChannels : channels[level - 1], outputs)
    }
    var decoder: [String: any Module] = [:]
    for level in 1...c.depth {
      let (inputs, outputs) = (channels[level], channels[level - 1])
      decoder["Up\(level + 1)"] = try NearestUp(inputs, outputs)
      decoder["Att\(level + 1)"] = try AttentionGate(outputs, inner: outputs / 2)
      decoder["Up_conv\(level + 1)"] = try ConvolutionPair(inputs, outputs)
    }
    self.encoder = encoder
    self.decoder = decoder
    head = try Conv2d(inputChannels: c.baseChannels, outputChannels: c.classCount, kernelSize: 1)
  }

  /// Logits for images whose sizes are multiples of 2^depth.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, multipleOf: 1 << configuration.depth, "attention-unet")
    var skips: [Tensor] = []
    var x = images
    for level in 0...configuration.depth {
      let block: ConvolutionPair = part("Conv\(level + 1)", of: encoder)
      x = try block(level == 0 ? x : pool(x))
      skips.append(x)
    }
    for level in (1...configuration.depth).reversed() {
      let up: NearestUp = part("Up\(level + 1)", of: decoder)
      let gate: AttentionGate = part("Att\(level + 1)", of: decoder)
      let block: ConvolutionPair = part("Up_conv\(level + 1)", of: decoder)
      x = try up(x)
      x = try block(concatenated([gate(skips[level - 1], by: x), x], axis: 1))
    }
    return try head(x)
  }

  public func fit(_ space: [Int]) -> InputFit { .multiple(of: 1 << configuration.depth, space) }

  private func part<Part>(_ name: String, of parts: [String: some Any]) -> Part {
    guard let part = parts[name] as? Part else { preconditionFailure("\(name) was made") }
    return part
  }
}

/// Twice: 3×3 convolution, batch normalisation, ReLU. State names `conv.0`, `conv.1`, `conv.3`, `conv.4`.
private final class ConvolutionPair: Layer {
  @Key("conv.0") private var conv1: Conv2d
  @Key("conv.1") private var bn1: BatchNorm
  @Key("conv.3") private var conv2: Conv2d
  @Key("conv.4") private var bn2: BatchNorm

  init(_ inputs: Int, _ outputs: Int) throws {
    conv1 = try Conv2d(inputChannels: inputs, outputChannels: outputs, kernelSize: 3, padding: 1)
    bn1 = try BatchNorm(channels: outputs)
    conv2 = try Conv2d(inputChannels: outputs, outputChannels: outputs, kernelSize: 3, padding: 1)
    bn2 = try BatchNorm(channels: outputs)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try bn2(conv2(bn1(conv1(input)).relu())).relu()
  }
}

/// Twice the size by repeating pixels, 3×3 convolution, batch normalisation, ReLU. State names `up.1`, `up.2`.
private final class NearestUp: Layer {
  @Key("up.1") private var convolution: Conv2d
  @Key("up.2") private var normalization: BatchNorm

  init(_ inputs: Int, _ outputs: Int) throws {
    convolution = try Conv2d(inputChannels: inputs, outputChannels: outputs, kernelSize: 3, padding: 1)
    normalization = try BatchNorm(channels: outputs)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try normalization(convolution(input.upsampled(scale: 2))).relu()
  }
}

/// Weighs each pixel of a skip by σ(ψ(ReLU(W_x·skip + W_g·gate))). State names `W_g.0`, `W_x.0`, `psi.0`, …
private final class AttentionGate: Module {
  @Key("W_g") private var gate: ConvolutionUnit
  @Key("W_x") private var skip: ConvolutionUnit
  @Key("psi") private var score: ConvolutionUnit

  init(_ channels: Int, inner: Int) throws {
    func pointwise(_ inputs: Int, _ outputs: Int) throws -> ConvolutionUnit {
      try ConvolutionUnit(
        inputs, outputs, kernel: 1, bias: true, activation: .none, initialization: .standard)
    }
    gate = try pointwise(channels, inner)
    skip = try pointwise(channels, inner)
    score = try pointwise(inner, 1)
  }

  func callAsFunction(_ features: Tensor, by signal: Tensor) throws -> Tensor {
    try scoped { try features * score((gate(signal) + skip(features)).relu()).sigmoid() }
  }
}
