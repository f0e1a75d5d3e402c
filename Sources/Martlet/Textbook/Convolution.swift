/// The convolution layer of the textbook (Saito, "Deep Learning from Scratch", chapter 7), with its forward and
/// backward passes called by hand: no graph, nothing recorded.
///
/// ```swift
/// let convolution = try Convolution(weight: w, bias: b, stride: 1, padding: 1)
/// let output = try convolution.forward(x)
/// let inputGradient = try convolution.backward(outputGradient)
/// // convolution.weightGradient and convolution.biasGradient are the textbook's dW and db.
/// ```
///
/// It computes with the kernels that the layers for models use. For models, see `Conv2d`.
public final class Convolution {
  /// W, [FN, C, FH, FW]: filters, input channels, filter height and width. Change it to train.
  public var weight: Tensor
  /// b, [FN].
  public var bias: Tensor
  /// How far the filters move, 1 or more.
  public let stride: Int
  /// Zeros around each image, 0 or more.
  public let padding: Int

  /// dW, the gradient with respect to the weight, [FN, C, FH, FW]: what the last ``backward(_:)`` left.
  public private(set) var weightGradient: Tensor?
  /// db, the gradient with respect to the bias, [FN]: what the last ``backward(_:)`` left.
  public private(set) var biasGradient: Tensor?

  /// x of the last ``forward(_:)``, which ``backward(_:)`` needs.
  private var input: Tensor?

  /// - Parameters:
  ///   - weight: [FN, C, FH, FW], concrete, float32 or float64.
  ///   - bias: [FN].
  ///   - stride: How far the filters move, 1 or more.
  ///   - padding: Zeros around each image, 0 or more.
  /// - Throws: ``MartletError`` when shapes or numbers do not fit.
  public init(weight: Tensor, bias: Tensor, stride: Int = 1, padding: Int = 0) throws {
    try require(
      weight.rank == 4 && weight.shape.allSatisfy { $0 > 0 }, "convolution",
      "expected a weight [FN, C, FH, FW], got shape \(weight.shape)")
    try require(
      bias.shape == [weight.shape[0]] && bias.scalar == weight.scalar, "convolution",
      "expected a bias of \(weight.scalar.rawValue)[\(weight.shape[0])], got \(bias.type)")
    try require(
      !weight.isSymbolic && !bias.isSymbolic, "convolution", "expected concrete tensors, got symbolic ones")
    self.weight = weight
    self.bias = bias
    self.stride = stride
    self.padding = padding
    _ = try options()
  }

  private func options() throws -> ConvolutionOptions {
    try ConvolutionOptions(stride: stride, padding: padding).resolved(axes: 2, "convolution")
  }

  /// x ⋆ W + b.
  ///
  /// - Parameter x: [N, C, H, W], concrete.
  /// - Returns: [N, FN, outH, outW], outH = 1 + (H + 2 · padding − FH) / stride, rounded down.
  /// - Throws: ``MartletError`` when the shape does not fit.
  public func forward(_ x: Tensor) throws -> Tensor {
    try require(
      x.rank == 4 && !x.isSymbolic, "convolution", "expected concrete images [N, C, H, W], got \(x)")
    let x = try x.converted(to: .channelsLast)
    let output = try x.convolution(weight, bias: bias, try options())
    input = x
    return output
  }

  /// The gradients, given that of the output: returns dx and keeps dW and db.
  ///
  /// - Parameter dout: [N, FN, outH, outW], as ``forward(_:)`` returned it.
  /// - Returns: dx, [N, C, H, W].
  /// - Throws: ``MartletError`` when forward has not run or the shape is not that of its output.
  public func backward(_ dout: Tensor) throws -> Tensor {
    guard let input else {
      throw MartletError("convolution", "backward needs the input of forward, which has not run")
    }
    try require(
      dout.rank == 4 && !dout.isSymbolic, "convolution",
      "expected a concrete gradient [N, FN, outH, outW], got \(dout)")
    let dout = try dout.converted(to: .channelsLast)
    let options = try options()
    let weightGradient = try Tensor.apply(
      ConvolutionWeightGradient(options, kernel: Array(weight.shape[2...])), [input, dout])[0]
    let inputGradient = try Tensor.apply(
      TransposedConvolutionOperation(options, outputSpace: Array(input.shape[2...]), isGradient: true),
      [dout, weight])[0]
    biasGradient = try dout.sumOverPixels()
    self.weightGradient = weightGradient
    return inputGradient
  }
}
