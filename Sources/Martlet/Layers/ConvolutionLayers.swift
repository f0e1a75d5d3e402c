/// What `Conv1d`, `Conv2d` and `Conv3d` share: weight [outputs, inputs / groups, kernel…], optional bias [outputs].
///
/// Parameters are drawn as PyTorch draws them: uniformly within 1/√(inputs per group · kernel elements).
public class ConvolutionLayer: Layer {
  public let weight: Parameter
  public let bias: Parameter?
  public let options: ConvolutionOptions

  init(
    name: String, rank: Int, _ inputChannels: Int, _ outputChannels: Int, kernelSize: [Int],
    options: ConvolutionOptions, bias: Bool
  ) throws {
    let groups = options.groups
    try require(
      inputChannels > 0 && outputChannels > 0 && groups > 0 && inputChannels % groups == 0
        && outputChannels % groups == 0,
      name,
      "expected channels that \(groups) groups divide, got \(inputChannels) inputs and \(outputChannels) outputs")
    try require(
      kernelSize.count == rank && kernelSize.allSatisfy { $0 > 0 }, name,
      "expected \(rank) kernel sizes of 1 or more, got \(kernelSize)")
    let fanIn = inputChannels / groups * kernelSize.reduce(1, *)
    let bound = 1 / Double(fanIn).squareRoot()
    let initializer = Initializer.current
    weight = try Parameter(
      initializer.uniform([outputChannels, inputChannels / groups] + kernelSize, bound: bound))
    self.bias = bias ? try Parameter(initializer.uniform([outputChannels], bound: bound)) : nil
    self.options = options
  }

  public func forward(_ input: Tensor) throws -> Tensor {
    try input.convolution(weight.value, bias: bias?.value, options)
  }
}
