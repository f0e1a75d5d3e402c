import Martlet

/// The layers of a network that there is for images and for volumes, by the number of axes.
struct SpatialLayers {
  let axes: Int

  /// - Throws: ``MartletError`` for other than 2 or 3 axes.
  init(axes: Int, _ operation: String) throws {
    try require((2...3).contains(axes), operation, "expected 2 or 3 axes, got \(axes)")
    self.axes = axes
  }

  func convolution(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, bias: Bool = true
  ) throws -> any Layer {
    axes == 2
      ? try Conv2d(
        inputChannels: inputs, outputChannels: outputs, kernelSize: kernel, stride: stride, padding: padding,
        bias: bias)
      : try Conv3d(
        inputChannels: inputs, outputChannels: outputs, kernelSize: kernel, stride: stride, padding: padding,
        bias: bias)
  }

  /// Twice the size by a transposed convolution whose windows lie side by side.
  func transposed(_ inputs: Int, _ outputs: Int) throws -> any Layer {
    axes == 2
      ? try ConvTranspose2d(inputChannels: inputs, outputChannels: outputs, kernelSize: 2, stride: 2)
      : try ConvTranspose3d(inputChannels: inputs, outputChannels: outputs, kernelSize: 2, stride: 2)
  }

  /// Half the size.
  var maxPool: any Layer { axes == 2 ? MaxPool2d(kernelSize: 2) : MaxPool3d(kernelSize: 2) }

  /// Linear interpolation along every axis, with aligned corners.
  var alignedLinear: UpsamplingMode {
    axes == 2 ? .bilinear(alignCorners: true) : .trilinear(alignCorners: true)
  }
}
