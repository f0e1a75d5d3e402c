import Martlet

/// U-Net++'s nested way up over an encoder's features (Zhou et al., "UNet++", 2018), as segmentation_models.pytorch lays
/// it out. State names `blocks.x_0_0.conv1.0`, … where `x_d_l` is made from `x_d_{l-1}` upsampled, all `x_i_l` with
/// d < i ≤ l, and the encoder's feature of that size.
final class UNetPlusPlusDecoder: FeatureDecoder {
  private let center: [ConvolutionUnit]
  private let blocks: [String: UpBlock]
  private let levels: Int

  init(encoderChannels: [Int], channels: [Int], hasCenter: Bool) throws {
    let skips = Array(encoderChannels.dropFirst().reversed())
    levels = channels.count - 1
    // The published code has these two and never runs them; weights files hold them.
    center = try hasCenter ? (0..<2).map { _ in try ConvolutionUnit(skips[0], skips[0]) } : []
    var blocks: [String: UpBlock] = [:]
    for level in 0..<levels {
      let skip = skips[level + 1]
      blocks["x_0_\(level)"] = try UpBlock(
        level == 0 ? skips[0] : channels[level - 1], skip: skip * (level + 1), outputs: channels[level])
      for start in 1..<(level + 1) {
        blocks["x_\(start)_\(level)"] = try UpBlock(
          skips[level], skip: skip * (level + 1 - start), outputs: skip)
      }
    }
    blocks["x_0_\(levels)"] = try UpBlock(channels[levels - 1], skip: 0, outputs: channels[levels])
    self.blocks = blocks
  }

  func callAsFunction(_ features: [Tensor]) throws -> Tensor {
    try scoped {
      let skips = Array(features.dropFirst().reversed())
      // Made so far, by where their row begins.
      var row: [[Tensor]] = []
      for level in 0..<levels {
        let skip = skips[level + 1]
        var made: [Tensor] = []
        // From the shortest row to the longest, since a longer one reads the shorter ones of its level.
        for start in (0...level).reversed() {
          let below = start == level ? skips[level] : row[level - 1][start]
          let joined = try made.isEmpty ? skip : concatenated(made.reversed() + [skip], axis: 1)
          made.append(try block(start, level)(below, joining: joined, size: skip.space))
        }
        row.append(made.reversed())
      }
      return try block(0, levels)(row[levels - 1][0], joining: nil, size: features[0].space)
    }
  }

  private func block(_ start: Int, _ level: Int) -> UpBlock {
    guard let block = blocks["x_\(start)_\(level)"] else {
      preconditionFailure("x_\(start)_\(level) was made")
    }
    return block
  }
}
