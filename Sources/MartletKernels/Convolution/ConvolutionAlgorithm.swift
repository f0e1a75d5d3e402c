/// The computations that make up a convolution layer. A transposed convolution's forward pass is a backward-data.
public enum ConvolutionPart: Hashable, Sendable {
  case forward, backwardData, backwardWeights
}

/// How a part of a convolution is computed.
public enum ConvolutionAlgorithm: Hashable, Sendable {
  /// Sums as in the definition: implicit GEMM, or the kernels for one channel a group.
  case direct

  public func workspaceByteCount(_ part: ConvolutionPart, _ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    switch part {
    case .forward: ImplicitGEMM.forwardWorkspace(shape, scalar)
    case .backwardData: ImplicitGEMM.backwardDataWorkspace(shape, scalar)
    case .backwardWeights: ImplicitGEMM.backwardWeightsWorkspace(shape, scalar)
    }
  }

  public func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    bias: UnsafeRawPointer?, rectified: Bool = false, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    ImplicitGEMM.forward(
      shape, scalar, input: input, weight: weight, bias: bias, rectified: rectified, output: output, workspace: workspace)
  }

  public func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, bias: UnsafeRawPointer? = nil, rectified: Bool = false,
    inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    ImplicitGEMM.backwardData(
      shape, scalar, outputGradient: outputGradient, weight: weight, bias: bias, rectified: rectified,
      inputGradient: inputGradient, workspace: workspace)
  }

  public func backwardWeights(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer,
    outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    ImplicitGEMM.backwardWeights(
      shape, scalar, input: input, outputGradient: outputGradient, weightGradient: weightGradient, workspace: workspace)
  }

  /// The fastest of some algorithms.
  public static func fastest(
    of algorithms: [ConvolutionAlgorithm], for part: ConvolutionPart, _ shape: ConvolutionShape, _ scalar: RealFormat
  ) -> ConvolutionAlgorithm { .direct }
}
