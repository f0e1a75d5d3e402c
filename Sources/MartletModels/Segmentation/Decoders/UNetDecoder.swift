import Martlet

/// U-Net's way up over an encoder's features: each step takes the size of the feature it joins, so that images of any
/// size will do. State names `blocks.0.conv1.0`, …, and `center.0.0` where there is a centre.
final class UNetDecoder: FeatureDecoder {
  private let center: [ConvolutionUnit]
  private let blocks: [UpBlock]

  /// - Parameters:
  ///   - encoderChannels: Of the features, full size first.
  ///   - channels: Outputs of each step, lowest first; as many as the encoder has halvings.
  ///   - hasCenter: Whether two convolutions come before the first step, as over VGG.
  init(encoderChannels: [Int], channels: [Int], hasCenter: Bool) throws {
    let skips = Array(encoderChannels.dropFirst().reversed())
    center = try hasCenter ? (0..<2).map { _ in try ConvolutionUnit(skips[0], skips[0]) } : []
    blocks = try channels.indices.map { step in
      try UpBlock(
        step == 0 ? skips[0] : channels[step - 1], skip: step + 1 < skips.count ? skips[step + 1] : 0,
        outputs: channels[step])
    }
  }

  func callAsFunction(_ features: [Tensor]) throws -> Tensor {
    try scoped {
      var x = try center.reduce(features[features.count - 1]) { try $1($0) }
      for (step, block) in blocks.enumerated() {
        let level = features.count - 2 - step
        // The first feature is the image itself: it gives the last step its size and no more.
        x = try block(x, joining: level > 0 ? features[level] : nil, size: features[level].space)
      }
      return x
    }
  }
}

/// Upsampling to a size, the features of that size behind it, two 3×3 convolutions. State names `conv1.0`, `conv1.1`, …
final class UpBlock: Module {
  private let conv1: ConvolutionUnit
  private let conv2: ConvolutionUnit

  init(_ inputs: Int, skip: Int, outputs: Int) throws {
    conv1 = try ConvolutionUnit(inputs + skip, outputs)
    conv2 = try ConvolutionUnit(outputs, outputs)
  }

  func callAsFunction(_ input: Tensor, joining skip: Tensor?, size: [Int]) throws -> Tensor {
    try scoped {
      let x = try input.upsampled(to: size, mode: .nearest)
      return try conv2(conv1(skip.map { try concatenated([x, $0], axis: 1) } ?? x))
    }
  }
}
