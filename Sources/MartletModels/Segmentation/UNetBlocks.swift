import Martlet

/// Twice: 3×3 convolution, batch normalisation if the configuration has it, ReLU.
final class ConvolutionBlock: Layer {
  private let conv1: Conv2d
  private let bn1: BatchNorm?
  private let conv2: Conv2d
  private let bn2: BatchNorm?

  init(_ inputs: Int, _ outputs: Int, _ configuration: UNet.Configuration) throws {
    let padding = configuration.padding == .same ? 1 : 0
    func convolution(_ inputs: Int) throws -> Conv2d {
      try Conv2d(
        inputChannels: inputs, outputChannels: outputs, kernelSize: 3, padding: padding,
        bias: !configuration.batchNorm)
    }
    conv1 = try convolution(inputs)
    bn1 = configuration.batchNorm ? try BatchNorm(channels: outputs) : nil
    conv2 = try convolution(outputs)
    bn2 = configuration.batchNorm ? try BatchNorm(channels: outputs) : nil
  }

  func forward(_ input: Tensor) throws -> Tensor {
    var x = try conv1(input)
    if let bn1 { x = try bn1(x) }
    x = try conv2(x.relu())
    if let bn2 { x = try bn2(x) }
    return try x.relu()
  }
}

/// Twice the size by bilinear interpolation with aligned corners, then a 1×1 convolution.
final class BilinearUp: Layer {
  private let conv: Conv2d

  init(_ inputs: Int, _ outputs: Int) throws {
    conv = try Conv2d(inputChannels: inputs, outputChannels: outputs, kernelSize: 1)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    try conv(input.upsampled(scale: 2, mode: .bilinear(alignCorners: true)))
  }
}
