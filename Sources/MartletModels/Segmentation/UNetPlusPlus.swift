import Martlet

/// U-Net++ (Zhou et al., "UNet++: A Nested U-Net Architecture for Medical Image Segmentation", 2018): the skips of a
/// U-Net are dense rows of blocks, so that it holds U-Nets of every depth, each with a head of its own where wanted.
///
/// State names are those of the PyTorch version that is in common use: `conv{i}_{j}.conv1`, `.bn1`, `.conv2`, `.bn2` for
/// the block on level i (0 at full size) after j steps up, and `final`, or `final1` to `final4` with deep supervision.
public final class UNetPlusPlus: SegmentationModel {
  /// What there is to choose in U-Net++.
  public struct Configuration: Hashable, Sendable, Codable {
    /// Channels of the images.
    public var inputChannels = 3
    /// Classes, background included.
    public var classCount = 2
    /// Channels of the first level; each level down has twice as many. 32 as published.
    public var baseChannels = 32
    /// Levels below the first. 4 as published.
    public var depth = 4
    /// Batch normalisation after each convolution: not in the publication's code, usual since.
    public var batchNorm = true
    /// A head on each block of the first level, all of which learn.
    public var deepSupervision = false
    /// The U-Net whose head gives the logits, from 1 to ``depth``: a small one leaves out all that it does not need.
    /// Without a number it is the mean of all heads with deep supervision ("accurate mode"), the deepest without.
    public var inferenceDepth: Int?
    /// 2 for images, 3 for volumes.
    public var axes = 2

    public init() {}
  }

  /// What was chosen, defaults included.
  public let configuration: Configuration
  public var inputChannels: Int { configuration.inputChannels }
  public var classCount: Int { configuration.classCount }
  public var axes: Int { configuration.axes }
  public var headNames: [String] { ["final*"] }

  @Key("") private var blocks: [String: DoubleConvolution]
  @Key("") private var heads: [String: any Layer]
  private let pool: any Layer
  private let upsampling: UpsamplingMode

  /// - Throws: ``MartletError`` when a number in the configuration cannot be.
  public init(_ configuration: Configuration = Configuration()) throws {
    let c = configuration
    try require(c.inputChannels > 0, "unet++", "expected at least 1 input channel, got \(c.inputChannels)")
    try require(c.classCount > 0, "unet++", "expected at least 1 class, got \(c.classCount)")
    try require(
      (1...4096).contains(c.baseChannels), "unet++", "expected 1 to 4096 base channels, got \(c.baseChannels)"
    )
    try require((1...8).contains(c.depth), "unet++", "expected a depth of 1 to 8, got \(c.depth)")
    if let inferenceDepth = c.inferenceDepth {
      try require(
        (1...c.depth).contains(inferenceDepth), "unet++",
        "expected an inference depth of 1 to \(c.depth), got \(inferenceDepth)")
      try require(
        c.deepSupervision || inferenceDepth == c.depth, "unet++",
        "expected deep supervision for an inference depth of \(inferenceDepth) below \(c.depth): without it only the "
          + "deepest U-Net has a head")
    }
    self.configuration = c
    let layers = try SpatialLayers(axes: c.axes, "unet++")
    pool = layers.maxPool
    upsampling = layers.alignedLinear
    let channels = (0...c.depth).map { c.baseChannels << $0 }
    var blocks: [String: DoubleConvolution] = [:]
    for step in 0...c.depth {
      for level in 0...(c.depth - step) {
        let inputs =
          step > 0
          ? step * channels[level] + channels[level + 1] : level == 0 ? c.inputChannels : channels[level - 1]
        blocks[Self.name(level, step)] = try DoubleConvolution(
          inputs, channels[level], layers: layers, batchNorm: c.batchNorm, bias: true)
      }
    }
    self.blocks = blocks
    let names = c.deepSupervision ? (1...c.depth).map { "final\($0)" } : ["final"]
    heads = Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try layers.convolution(c.baseChannels, c.classCount, kernel: 1))
      })
  }

  private static func name(_ level: Int, _ step: Int) -> String { "conv\(level)_\(step)" }

  /// Logits for images whose sizes are multiples of 2^depth.
  ///
  /// - Parameter images: [N, inputChannels, H, W], or with depth for volumes.
  /// - Returns: [N, classCount, H, W].
  /// - Throws: ``MartletError`` naming the size to pad to. ``SegmentationModel/logits(_:)`` takes any size.
  public func forward(_ images: Tensor) throws -> Tensor {
    if let depth = configuration.inferenceDepth { return try outputs(images, depth: depth).last! }
    let outputs = try outputs(images, depth: configuration.depth)
    guard outputs.count > 1 else { return outputs[0] }
    return try outputs.dropFirst().reduce(outputs[0]) { try $0 + $1 } / Double(outputs.count)
  }

  public func supervised(_ images: Tensor) throws -> [SupervisedOutput] {
    let outputs = try outputs(images, depth: configuration.depth)
    return outputs.map { SupervisedOutput($0, weight: 1 / Double(outputs.count)) }
  }

  public func fit(_ space: [Int]) -> InputFit { .multiple(of: 1 << configuration.depth, space) }

  /// What the heads say of the U-Nets up to a depth: all of them with deep supervision, else the last.
  private func outputs(_ images: Tensor, depth: Int) throws -> [Tensor] {
    try checkImages(images, multipleOf: 1 << configuration.depth, "unet++")
    // rows[level][step]
    var rows: [[Tensor]] = []
    for level in 0...depth {
      rows.append([try block(level, 0)(level == 0 ? images : pool(rows[level - 1][0]))])
      for step in 0..<level {
        // One more U-Net: up along the diagonal from the level just made.
        let target = level - 1 - step
        let up = try rows[target + 1][step].upsampled(scale: 2, mode: upsampling)
        rows[target].append(try block(target, step + 1)(concatenated(rows[target] + [up], axis: 1)))
      }
    }
    let steps = configuration.deepSupervision ? Array(1...depth) : [depth]
    return try steps.map { step in
      guard let head = heads[configuration.deepSupervision ? "final\(step)" : "final"] else {
        preconditionFailure("head \(step) was made")
      }
      return try head(rows[0][step])
    }
  }

  private func block(_ level: Int, _ step: Int) -> DoubleConvolution {
    guard let block = blocks[Self.name(level, step)] else {
      preconditionFailure("\(level), \(step) was made")
    }
    return block
  }
}
