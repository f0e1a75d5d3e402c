import Martlet

/// Convolution, batch normalisation, activation: `nn.Sequential(Conv2d, BatchNorm2d, …)`, with the state names `0` and
/// `1`. Without normalisation the convolution has a bias unless told otherwise.
final class ConvolutionUnit: Layer {
  @Key("0") private var convolution: Conv2d
  @Key("1") private var normalization: BatchNorm?
  private let activation: Activation

  /// - Parameters:
  ///   - padding: What keeps the size at stride 1 unless given.
  ///   - bias: Whether the convolution has one; where nothing is normalised unless given.
  init(
    _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int? = nil, dilation: Int = 1,
    groups: Int = 1, bias: Bool? = nil, normalizes: Bool = true, epsilon: Double = 1e-5,
    momentum: Double = 0.1,
    activation: Activation = .relu, initialization: WeightInitialization = .kaimingUniform
  ) throws {
    self.activation = activation
    convolution = try Conv2d(
      inputChannels: inputs, outputChannels: outputs, kernelSize: [kernel],
      options: ConvolutionOptions(
        stride: stride, padding: padding ?? kernel / 2 * dilation, dilation: dilation, groups: groups),
      bias: bias ?? !normalizes, initialization: initialization)
    normalization =
      normalizes ? try BatchNorm(channels: outputs, epsilon: epsilon, momentum: momentum) : nil
  }

  func forward(_ input: Tensor) throws -> Tensor {
    let x = try convolution(input)
    return try activation(normalization?(x) ?? x)
  }
}
