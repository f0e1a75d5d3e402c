/// Convolutions by Winograd's minimal filtering (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2015),
/// on channels-last float32 images and volumes: those that a ``WinogradTile`` supports, of any depth. Depth is summed
/// over in the frequency domain.
///
/// All functions compute in one order that depends on shapes alone: the same bytes on any number of threads.
/// Workspaces are scratch memory of the bytes asked for, aligned to 64.
public enum Winograd {
  // MARK: Forward

  /// Scratch memory that forward needs, less if it is given prepared weights.
  public static func forwardWorkspace(
    _ shape: ConvolutionShape, _ tile: WinogradTile, weightIsPrepared: Bool = false
  ) -> Int {
    WinogradPlan(forward: shape, tile, weightsAreOrdered: weightIsPrepared).workspaceBytes
  }

  /// output = input ⋆ weight + bias + addend, negative results replaced by zero if `rectified`.
  ///
  /// - Parameters:
  ///   - input: The input's channels, in one part or several.
  ///   - weight: [output channels, input channels, depth, height, width].
  ///   - weightIsPrepared: Whether the weight is as ``PreparedWeights`` leaves it instead.
  ///   - addend: As large as the output, or nil. It may be the output's memory.
  ///   - moments: Where to leave what ``ConvolutionMoments`` makes statistics of, of its size; without an addend.
  public static func forward(
    _ shape: ConvolutionShape, _ tile: WinogradTile, input: [ConvolutionInputPart],
    weight: UnsafePointer<Float>, weightIsPrepared: Bool = false,
    bias: UnsafePointer<Float>?, addend: UnsafePointer<Float>? = nil, rectified: Bool = false,
    moments: UnsafeMutablePointer<Float>? = nil, output: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutableRawPointer
  ) {
    precondition(addend == nil || moments == nil, "moments are not gathered of what is added to")
    let operands = WinogradOperands(
      source: input,
      weights: weights(shape, tile, weight, isPrepared: weightIsPrepared, isTransposed: false), bias: bias,
      addend: addend, rectified: rectified, moments: moments,
      result: [ConvolutionOutputPart(output, channels: shape.outputChannels)])
    let plan = WinogradPlan(forward: shape, tile, weightsAreOrdered: weightIsPrepared)
    WinogradRun(plan, operands, workspace: workspace).run()
  }

  private static func weights(
    _ shape: ConvolutionShape, _ tile: WinogradTile, _ weight: UnsafePointer<Float>, isPrepared: Bool,
    isTransposed: Bool
  ) -> WinogradWeightTransform.Source {
    isPrepared ? .ordered(weight, WinogradWeights(shape, tile, isTransposed: isTransposed)) : .plain(weight)
  }

  // MARK: Backward data

  /// Scratch memory that backwardData needs.
  public static func backwardDataWorkspace(
    _ shape: ConvolutionShape, _ tile: WinogradTile, weightIsPrepared: Bool = false
  ) -> Int {
    WinogradPlan(backwardData: shape, tile, weightsAreOrdered: weightIsPrepared).workspaceBytes
  }

  /// The gradient with respect to the input, given that with respect to the output: also the forward pass of the
  /// transposed convolution, for which a bias (one number an input channel) can be added. The result's channels go
  /// into one part or several.
  public static func backwardData(
    _ shape: ConvolutionShape, _ tile: WinogradTile, outputGradient: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, weightIsPrepared: Bool = false, bias: UnsafePointer<Float>? = nil,
    rectified: Bool = false, inputGradient: [ConvolutionOutputPart], workspace: UnsafeMutableRawPointer
  ) {
    let operands = WinogradOperands(
      source: [ConvolutionInputPart(outputGradient, channels: shape.outputChannels)],
      weights: weights(shape, tile, weight, isPrepared: weightIsPrepared, isTransposed: true), bias: bias,
      rectified: rectified, moments: nil, result: inputGradient)
    let plan = WinogradPlan(backwardData: shape, tile, weightsAreOrdered: weightIsPrepared)
    WinogradRun(plan, operands, workspace: workspace).run()
  }
}
