import CMartletKernels

extension ImplicitGEMM {
  /// Scratch memory that backwardData needs.
  public static func backwardDataWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    if shape.isDepthwise { return Depthwise.backwardDataWorkspace(shape, scalar) }
    var cursor = WorkspaceCursor()
    _ = BackwardDataParts(shape, scalar, &cursor)
    return cursor.byteCount
  }

  /// The gradient with respect to the input, given that with respect to the output: also the forward pass of the
  /// transposed convolution, for which a bias (one number an input channel) can be added.
  ///
  /// Input pixels that are alike modulo the stride read the same taps, so each such phase is a product of its
  /// own and nothing is multiplied by inserted zeros.
  public static func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, bias: UnsafeRawPointer? = nil, rectified: Bool = false,
    inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    guard shape.inputElementCount > 0 else { return }
    if shape.isDepthwise {
      return Depthwise.backwardData(
        shape, scalar, outputGradient: outputGradient, weight: weight, bias: bias, rectified: rectified,
        inputGradient: inputGradient, workspace: workspace)
    }
    var cursor = WorkspaceCursor(workspace)
    let parts = BackwardDataParts(shape, scalar, &cursor)
    parts.zeros.initializeMemory(as: UInt8.self, repeating: 0, count: parts.zeroBytes)
    backwardDataPlan(shape, scalar).run(
      source: outputGradient, weights: weight, bias: bias, rectified: rectified, output: inputGradient,
      packed: parts.packed, zeros: parts.zeros)
  }

  private static func backwardDataPlan(
    _ shape: ConvolutionShape, _ scalar: RealFormat
  ) -> IndirectProductPlan {
    let taps = shape.kernel.count
    let (inputPerGroup, outputPerGroup) = (shape.inputChannelsPerGroup, shape.outputChannelsPerGroup)
    return IndirectProductPlan(
      scalar: scalar, kernels: gemmKernels(scalar), groups: shape.groups, channels: outputPerGroup,
      columns: inputPerGroup, columnStride: taps,
      channelOffsets: (0..<outputPerGroup).map { $0 * inputPerGroup * taps }, sharedOffsets: [],
      weightsAreRuns: false,
      groupWeightStride: outputPerGroup * inputPerGroup * taps, groupSourceStride: outputPerGroup,
      groupOutputStride: inputPerGroup, sourceSize: shape.output,
      sourceStrides: shape.outputStrides(scalar),
      products: shape.backwardDataProducts(scalar))
  }

  private struct BackwardDataParts {
    let packed: UnsafeMutableRawPointer
    let zeros: UnsafeMutableRawPointer
    let zeroBytes: Int

    init(_ shape: ConvolutionShape, _ scalar: RealFormat, _ cursor: inout WorkspaceCursor) {
      packed = cursor.take(
        IndirectProductPlan.packedWeightBytes(
          groups: shape.groups, channels: shape.outputChannelsPerGroup, columns: shape.inputChannelsPerGroup,
          taps: shape.kernel.count, scalar))
      zeroBytes = shape.outputChannels * scalar.byteCount
      zeros = cursor.take(zeroBytes)
    }
  }
}
