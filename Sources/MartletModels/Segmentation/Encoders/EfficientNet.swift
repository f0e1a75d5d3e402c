import Martlet

/// EfficientNet-B0 to B4 (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019),
/// with segmentation_models.pytorch's names: `_conv_stem`, `_bn0`, `_blocks.0._depthwise_conv`, …
///
/// Padding is TensorFlow's `SAME` for the image size that the network was published with, whatever the image's is, so
/// that it does not depend on the image. `_conv_head` and `_bn1` belong to the classifier: they are kept, unused, since
/// weights files hold them.
final class EfficientNetEncoder: FeatureEncoder {
  let channels: [Int]
  @Key("_conv_stem") private var stem: Conv2d
  @Key("_bn0") private var stemNorm: BatchNorm
  @Key("_blocks") private var blocks: [MobileBlock]
  @Key("_conv_head") private var head: Conv2d
  @Key("_bn1") private var headNorm: BatchNorm
  private let depth: Int
  /// The blocks behind which a feature is taken.
  private let ends: [Int]

  init(_ configuration: EncoderConfiguration) throws {
    let (width, length, imageSize, ends) =
      switch configuration.name {
      // B0's third feature is taken after the first of three blocks, as segmentation_models.pytorch has it.
      case .efficientNetB0: (1.0, 1.0, 224, [2, 4, 8, 15])
      case .efficientNetB1: (1.0, 1.1, 240, [4, 7, 15, 22])
      case .efficientNetB2: (1.1, 1.2, 260, [4, 7, 15, 22])
      case .efficientNetB3: (1.2, 1.4, 300, [4, 7, 17, 25])
      case .efficientNetB4: (1.4, 1.8, 380, [5, 9, 21, 31])
      default: preconditionFailure("\(configuration.name) is no EfficientNet")
      }
    func filters(_ count: Int) -> Int {
      let wanted = Double(count) * width
      let rounded = max(8, Int(wanted + 4) / 8 * 8)
      return Double(rounded) < 0.9 * wanted ? rounded + 8 : rounded
    }
    depth = configuration.depth
    self.ends = ends
    channels = Array(
      ([configuration.inputChannels] + [32, 24, 40, 112, 320].map(filters)).prefix(depth + 1))

    var size = imageSize
    stem = try Conv2d(
      inputChannels: configuration.inputChannels, outputChannels: filters(32), kernelSize: [3],
      options: .same(size: size, kernel: 3, stride: 2), bias: false)
    stemNorm = try mobileNorm(filters(32))
    size = (size + 1) / 2

    var blocks: [MobileBlock] = []
    var inputs = filters(32)
    for (kernel, stride, expansion, outputs, repeats) in [
      (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3),
      (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
    ] {
      let outputs = filters(outputs)
      for block in 0..<Int((Double(repeats) * length).rounded(.up)) {
        let index = blocks.count
        let dilation =
          index > ends[2]
          ? configuration.dilation(ofStride: 32) : index > ends[1] ? configuration.dilation(ofStride: 16) : 1
        let published = block == 0 ? stride : 1
        blocks.append(
          try MobileBlock(
            inputs, outputs, kernel: kernel, expansion: expansion,
            options: dilation == 1
              ? .same(size: size, kernel: kernel, stride: published)
              : ConvolutionOptions(padding: kernel / 2 * dilation, dilation: dilation),
            addsInput: published == 1 && inputs == outputs))
        size = (size + published - 1) / published
        inputs = outputs
      }
    }
    // Whole residuals are dropped in training, the later the oftener.
    for (index, block) in blocks.enumerated() {
      block.dropProbability = 0.2 * Double(index) / Double(blocks.count)
    }
    self.blocks = blocks
    head = try Conv2d(
      inputChannels: inputs, outputChannels: filters(1280), kernelSize: [1], options: ConvolutionOptions(),
      bias: false)
    headNorm = try mobileNorm(filters(1280))
  }

  func features(_ images: Tensor) throws -> [Tensor] {
    var x = try scoped { try stemNorm(stem(images)).silu() }
    var features = [images, x]
    for (index, block) in blocks.enumerated() where features.count <= depth {
      x = try block(x)
      if ends.contains(index) { features.append(x) }
    }
    return features
  }
}

private func mobileNorm(_ channels: Int) throws -> BatchNorm {
  try BatchNorm(channels: channels, epsilon: 1e-3, momentum: 0.01)
}

extension ConvolutionOptions {
  /// TensorFlow's `SAME` padding of an image of a size, more behind than before.
  fileprivate static func same(size: Int, kernel: Int, stride: Int) -> ConvolutionOptions {
    let outputs = (size + stride - 1) / stride
    let padding = max((outputs - 1) * stride + kernel - size, 0)
    return ConvolutionOptions(
      stride: [stride], paddingBefore: [padding / 2], paddingAfter: [padding - padding / 2])
  }
}

/// An inverted residual with squeeze and excitation ("MBConv").
private final class MobileBlock: Layer {
  @Key("_expand_conv") private var expand: Conv2d?
  @Key("_bn0") private var expandNorm: BatchNorm?
  @Key("_depthwise_conv") private var depthwise: Conv2d
  @Key("_bn1") private var depthwiseNorm: BatchNorm
  @Key("_se_reduce") private var reduce: Conv2d
  @Key("_se_expand") private var excite: Conv2d
  @Key("_project_conv") private var project: Conv2d
  @Key("_bn2") private var projectNorm: BatchNorm
  private let addsInput: Bool
  /// How often the residual of an image is left out in training (Huang et al., "Deep Networks with Stochastic Depth",
  /// 2016).
  var dropProbability = 0.0

  init(
    _ inputs: Int, _ outputs: Int, kernel: Int, expansion: Int, options: ConvolutionOptions, addsInput: Bool
  ) throws {
    let width = inputs * expansion
    self.addsInput = addsInput
    func pointwise(_ inputs: Int, _ outputs: Int, bias: Bool = false) throws -> Conv2d {
      try Conv2d(
        inputChannels: inputs, outputChannels: outputs, kernelSize: [1], options: ConvolutionOptions(),
        bias: bias)
    }
    expand = expansion == 1 ? nil : try pointwise(inputs, width)
    expandNorm = expansion == 1 ? nil : try mobileNorm(width)
    var grouped = options
    grouped.groups = width
    depthwise = try Conv2d(
      inputChannels: width, outputChannels: width, kernelSize: [kernel], options: grouped, bias: false)
    depthwiseNorm = try mobileNorm(width)
    let squeezed = max(inputs / 4, 1)
    reduce = try pointwise(width, squeezed, bias: true)
    excite = try pointwise(squeezed, width, bias: true)
    project = try pointwise(width, outputs)
    projectNorm = try mobileNorm(outputs)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    var x = input
    if let expand, let expandNorm { x = try expandNorm(expand(x)).silu() }
    x = try depthwiseNorm(depthwise(x)).silu()
    x = try excite(reduce(x.globalAveragePooled()).silu()).sigmoid() * x
    x = try projectNorm(project(x))
    guard addsInput else { return x }
    return try input + x.droppedWhole(axes: 1, probability: dropProbability)
  }
}
