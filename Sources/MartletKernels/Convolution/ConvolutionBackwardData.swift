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
      source: outputGradient, weights: weight, bias: bias.map { parts.repeated($0) }, rectified: rectified,
      output: inputGradient, packed: parts.packed, zeros: parts.zeros)
  }

  private static func backwardDataPlan(
    _ shape: ConvolutionShape, _ scalar: RealFormat
  ) -> IndirectProductPlan {
    let merged = shape.mergingPatches
    let (inputPerGroup, outputPerGroup) = (merged.inputChannelsPerGroup, shape.outputChannelsPerGroup)
    var products = merged.backwardDataProducts(scalar)
    // A tap of the merged shape is the first of a run.
    let run = shape.kernel.width / merged.kernel.width
    for index in products.indices { products[index].weightTaps = products[index].weightTaps.map { $0 * run } }
    return IndirectProductPlan(
      scalar: scalar, kernels: gemmKernels(scalar), groups: shape.groups, channels: outputPerGroup,
      columns: inputPerGroup, columnOffsets: shape.channelOffsets(inRuns: shape.mergesPatches),
      channelOffsets: shape.filterOffsets, sharedOffsets: [], weightsAreRuns: false,
      groupWeightStride: shape.weightElementCount / shape.groups, groupSourceStride: outputPerGroup,
      groupOutputStride: inputPerGroup, sourceSize: merged.output,
      sourceStrides: merged.outputStrides(scalar), products: products)
  }

  private struct BackwardDataParts {
    let packed: UnsafeMutableRawPointer
    let zeros: UnsafeMutableRawPointer
    let zeroBytes: Int
    /// A bias for each pixel of a patch, one after the other, where patches are merged.
    private let patchBias: UnsafeMutableRawPointer?
    private let biasBytes: Int
    private let patchPixels: Int

    init(_ shape: ConvolutionShape, _ scalar: RealFormat, _ cursor: inout WorkspaceCursor) {
      let merged = shape.mergingPatches
      packed = cursor.take(
        IndirectProductPlan.packedWeightBytes(
          groups: shape.groups, channels: shape.outputChannelsPerGroup,
          columns: merged.inputChannelsPerGroup, taps: merged.kernel.count, scalar))
      zeroBytes = shape.outputChannels * scalar.byteCount
      zeros = cursor.take(zeroBytes)
      biasBytes = shape.inputChannels * scalar.byteCount
      patchPixels = shape.kernel.width / merged.kernel.width
      patchBias = patchPixels > 1 ? cursor.take(patchPixels * biasBytes) : nil
    }

    /// A bias for each column of the product.
    func repeated(_ bias: UnsafeRawPointer) -> UnsafeRawPointer {
      guard let patchBias else { return bias }
      for pixel in 0..<patchPixels {
        (patchBias + pixel * biasBytes).copyMemory(from: bias, byteCount: biasBytes)
      }
      return UnsafeRawPointer(patchBias)
    }
  }
}
