import Martlet

/// Deep residual U-Net (Zhang, Liu and Wang, "Road Extraction by Deep Residual U-Net", 2018): a U-Net of pre-activated
/// residual units that halve by stride.
///
/// State names are those of the PyTorch version that is in common use: `input_layer.0`, `input_skip.0`,
/// `residual_conv_1.conv_block.0`, `residual_conv_1.conv_skip.0`, …, `bridge`, `upsample_1.upsample`,
/// `up_residual_conv1`, …, `output_layer.0`.
public final class ResUNet: SegmentationModel {
  /// What there is to choose in a deep residual U-Net.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Channels of the first level; each level down has twice as many. 64 as published.
    public var baseChannels = 64

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var headNames: [String] { ["output_layer"] }

  @Key("input_layer.0") private var inputConv1: Conv2d
  @Key("input_layer.1") private var inputNorm: BatchNorm
  @Key("input_layer.3") private var inputConv2: Conv2d
  @Key("input_skip.0") private var inputSkip: Conv2d
  @Key("residual_conv_1") private var down1: ResidualUnit
  @Key("residual_conv_2") private var down2: ResidualUnit
  @Key("bridge") private var bridge: ResidualUnit
  @Key("upsample_1.upsample") private var up1: ConvTranspose2d
  @Key("up_residual_conv1") private var block1: ResidualUnit
  @Key("upsample_2.upsample") private var up2: ConvTranspose2d
  @Key("up_residual_conv2") private var block2: ResidualUnit
  @Key("upsample_3.upsample") private var up3: ConvTranspose2d
  @Key("up_residual_conv3") private var block3: ResidualUnit
  @Key("output_layer.0") private var head: Conv2d

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(c.inputChannels > 0, "resunet", "expected at least 1 input channel, got \(c.inputChannels)")
    try require(c.classCount > 0, "resunet", "expected at least 1 class, got \(c.classCount)")
    try require(
      (1...4096).contains(c.baseChannels), "resunet",
      "expected 1 to 4096 base channels, got \(c.baseChannels)")
    self.configuration = c
    let widths = (0..<4).map { c.baseChannels << $0 }
    inputConv1 = try Conv2d(
      inputChannels: c.inputChannels, outputChannels: widths[0], kernelSize: 3, padding: 1)
    inputNorm = try BatchNorm(channels: widths[0])
    inputConv2 = try Conv2d(inputChannels: widths[0], outputChannels: widths[0], kernelSize: 3, padding: 1)
    inputSkip = try Conv2d(
      inputChannels: c.inputChannels, outputChannels: widths[0], kernelSize: 3, padding: 1)
    func up(_ channels: Int) throws -> ConvTranspose2d {
      try ConvTranspose2d(inputChannels: channels, outputChannels: channels, kernelSize: 2, stride: 2)
    }
    down1 = try ResidualUnit(widths[0], widths[1], stride: 2)
    down2 = try ResidualUnit(widths[1], widths[2], stride: 2)
    bridge = try ResidualUnit(widths[2], widths[3], stride: 2)
    up1 = try up(widths[3])
    block1 = try ResidualUnit(widths[3] + widths[2], widths[2], stride: 1)
    up2 = try up(widths[2])
    block2 = try ResidualUnit(widths[2] + widths[1], widths[1], stride: 1)
    up3 = try up(widths[1])
    block3 = try ResidualUnit(widths[1] + widths[0], widths[0], stride: 1)
    head = try Conv2d(inputChannels: widths[0], outputChannels: c.classCount, kernelSize: 1)
  }

  /// Logits for images whose sizes are multiples of 8.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, multipleOf: 8, "resunet")
    let x1 = try inputConv2(inputNorm(inputConv1(images)).relu()) + inputSkip(images)
    let x2 = try down1(x1)
    let x3 = try down2(x2)
    var x = try bridge(x3)
    x = try block1(concatenated([up1(x), x3], axis: 1))
    x = try block2(concatenated([up2(x), x2], axis: 1))
    x = try block3(concatenated([up3(x), x1], axis: 1))
    return try head(x)
  }

  public func fit(_ space: [Int]) -> InputFit { .multiple(of: 8, space) }
}

/// Batch normalisation, ReLU and 3×3 convolution, twice, added to a convolved and normalised input. State names
/// `conv_block.0`, `.2`, `.3`, `.5` and `conv_skip.0`, `.1`.
private final class ResidualUnit: Layer {
  @Key("conv_block.0") private var bn1: BatchNorm
  @Key("conv_block.2") private var conv1: Conv2d
  @Key("conv_block.3") private var bn2: BatchNorm
  @Key("conv_block.5") private var conv2: Conv2d
  @Key("conv_skip") private var skip: ConvolutionUnit

  init(_ inputs: Int, _ outputs: Int, stride: Int) throws {
    bn1 = try BatchNorm(channels: inputs)
    conv1 = try Conv2d(
      inputChannels: inputs, outputChannels: outputs, kernelSize: 3, stride: stride, padding: 1)
    bn2 = try BatchNorm(channels: outputs)
    conv2 = try Conv2d(inputChannels: outputs, outputChannels: outputs, kernelSize: 3, padding: 1)
    skip = try ConvolutionUnit(
      inputs, outputs, stride: stride, bias: true, activation: .none, initialization: .standard)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try conv2(bn2(conv1(bn1(input).relu())).relu()) + skip(input)
  }
}
