import Martlet

/// Twice: 3×3 convolution, batch normalisation where wanted, ReLU. State names `conv1`, `bn1`, `conv2`, `bn2`.
final class DoubleConvolution: Layer {
  private let conv1: any Layer
  private let bn1: BatchNorm?
  private let conv2: any Layer
  private let bn2: BatchNorm?

  /// - Parameters:
  ///   - middle: Outputs of the first convolution; those of the second unless given.
  ///   - padding: 1 keeps the size.
  ///   - bias: Whether the convolutions have biases; where nothing is normalised unless given.
  init(
    _ inputs: Int, _ outputs: Int, middle: Int? = nil, layers: SpatialLayers, padding: Int = 1,
    batchNorm: Bool = true, bias: Bool? = nil
  ) throws {
    let middle = middle ?? outputs
    func convolution(_ inputs: Int, _ outputs: Int) throws -> any Layer {
      try layers.convolution(inputs, outputs, kernel: 3, padding: padding, bias: bias ?? !batchNorm)
    }
    conv1 = try convolution(inputs, middle)
    bn1 = batchNorm ? try BatchNorm(channels: middle) : nil
    conv2 = try convolution(middle, outputs)
    bn2 = batchNorm ? try BatchNorm(channels: outputs) : nil
  }

  func forward(_ input: Tensor) throws -> Tensor {
    var x = try conv1(input)
    if let bn1 { x = try bn1(x) }
    x = try conv2(x.relu())
    if let bn2 { x = try bn2(x) }
    return try x.relu()
  }
}
