import Martlet

/// A feature pyramid and what makes of it one map at a quarter of the image (Kirillov et al., "Panoptic Feature Pyramid
/// Networks", 2019). State names `p5`, `p4.skip_conv`, … `seg_blocks.0.block.0.block.0`.
final class FeaturePyramid: FeatureDecoder {
  private let p5: Conv2d
  private let p4: PyramidStep
  private let p3: PyramidStep
  private let p2: PyramidStep
  private let segBlocks: [PyramidBranch]
  private let dropout: Double

  init(encoderChannels: [Int], pyramidChannels: Int, segmentationChannels: Int, dropout: Double) throws {
    let inputs = Array(encoderChannels.reversed())
    p5 = try pointwise(inputs[0], pyramidChannels)
    p4 = try PyramidStep(inputs[1], pyramidChannels)
    p3 = try PyramidStep(inputs[2], pyramidChannels)
    p2 = try PyramidStep(inputs[3], pyramidChannels)
    segBlocks = try [3, 2, 1, 0].map {
      try PyramidBranch(pyramidChannels, segmentationChannels, doublings: $0)
    }
    self.dropout = dropout
  }

  func callAsFunction(_ features: [Tensor]) throws -> Tensor {
    try scoped {
      let lowest = features.count - 1
      var levels = [try p5(features[lowest])]
      for (index, step) in [p4, p3, p2].enumerated() {
        levels.append(try step(levels[index], joining: features[lowest - 1 - index]))
      }
      let branches = try zip(segBlocks, levels).map { try $0($1) }
      let sum = try branches.dropFirst().reduce(branches[0]) { try $0 + $1 }
      return try sum.droppedWhole(axes: 2, probability: dropout)
    }
  }
}

private func pointwise(_ inputs: Int, _ outputs: Int) throws -> Conv2d {
  try Conv2d(
    inputChannels: inputs, outputChannels: outputs, kernelSize: [1], options: ConvolutionOptions(),
    initialization: .kaimingUniform)
}

/// The level below at twice its size, plus the encoder's feature.
private final class PyramidStep: Module {
  private let skipConv: Conv2d

  init(_ skip: Int, _ channels: Int) throws { skipConv = try pointwise(skip, channels) }

  func callAsFunction(_ input: Tensor, joining skip: Tensor) throws -> Tensor {
    try scoped { try input.upsampled(scale: 2) + skipConv(skip) }
  }
}

/// A level brought to a quarter of the image: a convolution before each doubling, or a single one.
private final class PyramidBranch: Layer {
  @Key("block") private var blocks: [PyramidConvolution]

  init(_ inputs: Int, _ outputs: Int, doublings: Int) throws {
    blocks = try (0..<max(doublings, 1)).map {
      try PyramidConvolution($0 == 0 ? inputs : outputs, outputs, doubles: doublings > 0)
    }
  }

  func forward(_ input: Tensor) throws -> Tensor { try blocks.reduce(input) { try $1($0) } }
}

/// 3×3 convolution, group normalisation, ReLU, and twice the size by bilinear interpolation. State names `block.0`,
/// `block.1`.
private final class PyramidConvolution: Layer {
  @Key("block.0") private var convolution: Conv2d
  @Key("block.1") private var normalization: GroupNorm
  private let doubles: Bool

  init(_ inputs: Int, _ outputs: Int, doubles: Bool) throws {
    self.doubles = doubles
    convolution = try Conv2d(
      inputChannels: inputs, outputChannels: outputs, kernelSize: [3],
      options: ConvolutionOptions(padding: 1),
      bias: false, initialization: .kaimingUniform)
    normalization = try GroupNorm(groups: 32, channels: outputs)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    let x = try normalization(convolution(input)).relu()
    return doubles ? try x.upsampled(scale: 2, mode: .bilinear(alignCorners: true)) : x
  }
}
