import Martlet

/// ResNet (He et al., "Deep Residual Learning for Image Recognition", 2016), with torchvision's names: `conv1`, `bn1`,
/// `layer1.0.conv1`, `layer1.0.bn1`, … `layer1.0.downsample.0`.
final class ResNetEncoder: FeatureEncoder {
  let channels: [Int]
  private let conv1: Conv2d
  private let bn1: BatchNorm
  private let layer1: [ResidualBlock]
  private let layer2: [ResidualBlock]
  private let layer3: [ResidualBlock]
  private let layer4: [ResidualBlock]
  private let pool = MaxPool2d(kernelSize: 3, stride: 2, padding: 1)
  private let depth: Int

  /// - Parameter firstBlockKeepsDilation: Where dilation stands for a stride, whether a stage's first block still has
  ///   the dilation of the stage before, as torchvision's `replace_stride_with_dilation` has it; otherwise the whole
  ///   stage is dilated, as segmentation_models.pytorch has it.
  init(_ configuration: EncoderConfiguration, firstBlockKeepsDilation: Bool = false) throws {
    let (blocks, isBottleneck) =
      switch configuration.name {
      case .resnet18: ([2, 2, 2, 2], false)
      case .resnet34: ([3, 4, 6, 3], false)
      case .resnet50: ([3, 4, 6, 3], true)
      case .resnet101: ([3, 4, 23, 3], true)
      default: preconditionFailure("\(configuration.name) is no ResNet")
      }
    depth = configuration.depth
    conv1 = try Conv2d(
      inputChannels: configuration.inputChannels, outputChannels: 64, kernelSize: [7],
      options: ConvolutionOptions(stride: 2, padding: 3), bias: false, initialization: .kaimingNormal)
    bn1 = try BatchNorm(channels: 64)
    let expansion = isBottleneck ? 4 : 1
    channels = Array(
      ([configuration.inputChannels, 64] + [64, 128, 256, 512].map { $0 * expansion }).prefix(depth + 1))

    var inputs = 64
    var dilationBefore = 1
    func stage(_ index: Int) throws -> [ResidualBlock] {
      let width = 64 << index
      let dilation = configuration.dilation(ofStride: 4 << index)
      let stride = index == 0 || dilation > 1 ? 1 : 2
      defer { dilationBefore = dilation }
      return try (0..<blocks[index]).map { block in
        defer { inputs = width * expansion }
        return try ResidualBlock(
          inputs, width: width, isBottleneck: isBottleneck, stride: block == 0 ? stride : 1,
          dilation: block == 0 && firstBlockKeepsDilation ? dilationBefore : dilation)
      }
    }
    layer1 = try stage(0)
    layer2 = try stage(1)
    layer3 = try stage(2)
    layer4 = try stage(3)
  }

  func features(_ images: Tensor) throws -> [Tensor] {
    var features = [images]
    var x = try scoped { try bn1(conv1(images)).relu() }
    features.append(x)
    for (index, stage) in [layer1, layer2, layer3, layer4].prefix(max(depth - 1, 0)).enumerated() {
      if index == 0 { x = try pool(x) }
      for block in stage { x = try block(x) }
      features.append(x)
    }
    return features
  }
}

/// A residual block: two 3×3 convolutions, or 1×1, 3×3 and 1×1 to four times the width with the stride in the 3×3
/// ("ResNet v1.5"); what goes past it is brought to the same shape by a 1×1 convolution where it has another.
private final class ResidualBlock: Layer {
  private let conv1: Conv2d
  private let bn1: BatchNorm
  private let conv2: Conv2d
  private let bn2: BatchNorm
  private let conv3: Conv2d?
  private let bn3: BatchNorm?
  private let downsample: ConvolutionUnit?

  init(_ inputs: Int, width: Int, isBottleneck: Bool, stride: Int, dilation: Int) throws {
    let outputs = isBottleneck ? 4 * width : width
    func convolution(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1) throws -> Conv2d {
      try Conv2d(
        inputChannels: inputs, outputChannels: outputs, kernelSize: [kernel],
        options: ConvolutionOptions(
          stride: stride, padding: kernel / 2 * dilation, dilation: kernel == 1 ? 1 : dilation),
        bias: false, initialization: .kaimingNormal)
    }
    conv1 = try convolution(inputs, width, kernel: isBottleneck ? 1 : 3, stride: isBottleneck ? 1 : stride)
    bn1 = try BatchNorm(channels: width)
    conv2 = try convolution(width, width, kernel: 3, stride: isBottleneck ? stride : 1)
    bn2 = try BatchNorm(channels: width)
    conv3 = isBottleneck ? try convolution(width, outputs, kernel: 1) : nil
    bn3 = isBottleneck ? try BatchNorm(channels: outputs) : nil
    downsample =
      stride == 1 && inputs == outputs
      ? nil
      : try ConvolutionUnit(
        inputs, outputs, kernel: 1, stride: stride, activation: .none, initialization: .kaimingNormal)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    var x = try bn1(conv1(input)).relu()
    x = try bn2(conv2(x))
    if let conv3, let bn3 { x = try bn3(conv3(x.relu())) }
    return try (x + (downsample?(input) ?? input)).relu()
  }
}
