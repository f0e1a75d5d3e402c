import Martlet

/// U-Net (Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
/// MICCAI 2015): levels of two 3×3 convolutions, each half the size of the one above and twice its channels, and the
/// way back up, where each level also sees what the same level saw on the way down.
///
/// State names, for `i` from 0 (full size) to `depth` (the bottleneck) and `j` from 0 (the lowest level on the way up):
///
/// | name | what |
/// | --- | --- |
/// | `encoder.{i}.conv1.weight`, `encoder.{i}.conv2.weight` | 3×3 convolutions [outputs, inputs, 3, 3] |
/// | `encoder.{i}.conv1.bias` … | only without batch normalisation |
/// | `encoder.{i}.bn1.weight` `.bias` `.running_mean` `.running_var` `.num_batches_tracked`, `bn2` … | batch normalisation |
/// | `up.{j}.weight`, `up.{j}.bias` | transposed convolutions 2×2 [inputs, outputs, 2, 2] |
/// | `up.{j}.conv.weight`, `up.{j}.conv.bias` | instead of them with bilinear upsampling: 1×1 convolutions |
/// | `decoder.{j}.conv1` `.bn1` `.conv2` `.bn2` | as in the encoder; inputs are the skip's channels, then the upsampled |
/// | `head.weight`, `head.bias` | 1×1 convolution to the classes |
public final class UNet: SegmentationModel {
  /// What there is to choose in a U-Net.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Channels of the first level; each level down has twice as many. 64 as published.
    public var baseChannels = 64
    /// Levels below the first. 4 as published.
    public var depth = 4
    /// `same` keeps sizes; `valid` convolves without padding, as published: 572×572 gives 388×388.
    public var padding = Padding.same
    /// Batch normalisation after each convolution; not in the publication, usual since.
    public var batchNorm = true
    /// How levels are enlarged on the way up.
    public var upsampling = Upsampling.transposed
    /// Dropout probability at the end of the way down; the publication has dropout there without saying how much.
    public var dropout = 0.0
    /// 2 for images, 3 for volumes (Çiçek et al., "3D U-Net", 2016).
    public var axes = 2

    /// Whether 3×3 convolutions read zeros around their input and keep its size, or take a pixel off each side of it.
    public enum Padding: String, Hashable, Sendable, Codable, CaseIterable { case same, valid }
    /// How a level is brought to twice its size.
    public enum Upsampling: String, Hashable, Sendable, Codable, CaseIterable {
      /// A 2×2 transposed convolution of stride 2, as published.
      case transposed
      /// Bilinear (trilinear) with aligned corners, then a 1×1 convolution.
      case bilinear
    }

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var axes: Int { configuration.axes }
  public var headNames: [String] { ["head"] }

  private let encoder: [DoubleConvolution]
  private let up: [any Layer]
  private let decoder: [DoubleConvolution]
  private let head: any Layer
  private let pool: any Layer
  private let dropout: Dropout

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(c.inputChannels > 0, "unet", "expected at least 1 input channel, got \(c.inputChannels)")
    try require(c.classCount > 0, "unet", "expected at least 1 class, got \(c.classCount)")
    try require(
      (1...4096).contains(c.baseChannels), "unet", "expected 1 to 4096 base channels, got \(c.baseChannels)")
    try require((1...8).contains(c.depth), "unet", "expected a depth of 1 to 8, got \(c.depth)")
    self.configuration = c
    let layers = try SpatialLayers(axes: c.axes, "unet")
    pool = layers.maxPool
    func block(_ inputs: Int, _ outputs: Int) throws -> DoubleConvolution {
      try DoubleConvolution(
        inputs, outputs, layers: layers, padding: c.padding == .same ? 1 : 0, batchNorm: c.batchNorm)
    }
    let channels = (0...c.depth).map { c.baseChannels << $0 }
    encoder = try channels.indices.map {
      try block($0 == 0 ? c.inputChannels : channels[$0 - 1], channels[$0])
    }
    let upward = Array(channels.indices.dropLast().reversed())
    up = try upward.map { level in
      switch c.upsampling {
      case .transposed: try layers.transposed(channels[level + 1], channels[level])
      case .bilinear: try LinearUp(channels[level + 1], channels[level], layers)
      }
    }
    decoder = try upward.map { try block(2 * channels[$0], channels[$0]) }
    head = try layers.convolution(c.baseChannels, c.classCount, kernel: 1)
    dropout = try Dropout(probability: c.dropout)
  }

  /// Logits for images of a size that fits.
  ///
  /// - Parameter images: [N, inputChannels, H, W], or with depth for volumes. With `same` padding sizes are multiples of
  ///   2^depth. With `valid` padding a level of odd size loses its last row or column; sizes where none does keep the
  ///   output centred.
  /// - Returns: [N, classCount, H, W], smaller with `valid` padding.
  /// - Throws: ``MartletError`` naming the nearest sizes that fit. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    try checkImages(images, "unet")
    for (size, name) in zip(images.space, ["depth", "height", "width"].suffix(axes)) {
      try checkSize(size, name)
    }
    var x = images
    var skips: [Tensor] = []
    for (level, block) in encoder.enumerated() {
      x = try block(level == 0 ? x : pool(x))
      skips.append(x)
    }
    skips.removeLast()
    x = try dropout(x)
    for (up, block) in zip(up, decoder) {
      x = try up(x)
      let skip = skips.removeLast()
      let centered = try skip.cropped(start: zip(skip.space, x.space).map { ($0 - $1) / 2 }, space: x.space)
      x = try block(concatenated([centered, x], axis: 1))
    }
    return try head(x)
  }

  public func fit(_ space: [Int]) -> InputFit {
    let paddings = space.map(padding)
    // With valid padding the network itself takes its margin away again.
    return InputFit(
      before: paddings.map(\.before), after: paddings.map(\.after), start: paddings.map { $0.before - margin }
    )
  }

  // MARK: Sizes

  /// Rows that the output lacks above and below the input: none with `same` padding.
  private var margin: Int {
    guard configuration.padding == .valid else { return 0 }
    // Each block takes 2 rows a side of its level, 2^level of the image; all but the lowest are passed twice.
    let lowest = configuration.depth
    return (0..<lowest).reduce(2 << lowest) { $0 + (4 << $1) }
  }

  /// What to put around a size so that the network takes it and its output covers it.
  private func padding(_ size: Int) -> (before: Int, after: Int) {
    var needed = size + 2 * margin
    while !takes(needed) { needed += 1 }
    let missing = needed - size
    return (missing / 2, missing - missing / 2)
  }

  /// Whether every level halves to a whole number, and something is left.
  private func takes(_ size: Int) -> Bool { lowestSize(size) { $0 % 2 == 0 } != nil }

  /// What is left of a size at the end of the way down; `nil` when nothing is, or a level is refused.
  private func lowestSize(_ size: Int, accepting: (Int) -> Bool = { _ in true }) -> Int? {
    let loss = configuration.padding == .valid ? 4 : 0
    var size = size
    for _ in 0..<configuration.depth {
      size -= loss
      guard size > 0, accepting(size) else { return nil }
      size /= 2
    }
    return size > loss ? size - loss : nil
  }

  private func checkSize(_ size: Int, _ name: String) throws {
    let isTaken =
      switch configuration.padding {
      case .same: takes(size)
      case .valid: lowestSize(size) != nil
      }
    if isTaken { return }
    let (before, after) = padding(size)
    throw MartletError(
      "unet",
      "\(name) \(size) does not fit \(configuration.depth) levels: pad it to \(before + size + after) (\(before) before, "
        + "\(after) after)")
  }
}

/// Twice the size by linear interpolation with aligned corners, then a 1×1 convolution. State name `conv`.
private final class LinearUp: Layer {
  private let conv: any Layer
  private let mode: UpsamplingMode

  init(_ inputs: Int, _ outputs: Int, _ layers: SpatialLayers) throws {
    conv = try layers.convolution(inputs, outputs, kernel: 1)
    mode = layers.alignedLinear
  }

  func forward(_ input: Tensor) throws -> Tensor { try conv(input.upsampled(scale: 2, mode: mode)) }
}
