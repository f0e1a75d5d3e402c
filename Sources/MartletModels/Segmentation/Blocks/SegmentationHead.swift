import Martlet

/// A convolution to the classes, and bilinear upsampling with aligned corners where the features are smaller than the
/// image. State name `0`.
final class SegmentationHead: Layer {
  @Key("0") private var convolution: Conv2d
  private let upsampling: Int

  init(_ inputs: Int, classes: Int, kernel: Int, upsampling: Int = 1) throws {
    self.upsampling = upsampling
    convolution = try Conv2d(
      inputChannels: inputs, outputChannels: classes, kernelSize: [kernel],
      options: ConvolutionOptions(padding: kernel / 2), initialization: .xavierUniform)
  }

  func forward(_ input: Tensor) throws -> Tensor {
    let scores = try convolution(input)
    guard upsampling > 1 else { return scores }
    return try scores.upsampled(scale: Double(upsampling), mode: .bilinear(alignCorners: true))
  }
}
