import CMartletKernels

extension ImplicitGEMM {
  /// Scratch memory that backwardData needs.
  ///
  /// - Parameter weightIsPrepared: Whether it will be given weights as ``PreparedWeights`` leaves them.
  public static func backwardDataWorkspace(
    _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool = false
  ) -> Int {
    if shape.isDepthwise {
      return Depthwise.backwardDataWorkspace(shape, scalar, weightIsPrepared: weightIsPrepared)
    }
    var cursor = WorkspaceCursor()
    _ = BackwardDataParts(shape, scalar, weightIsPrepared: weightIsPrepared, &cursor)
    return cursor.byteCount
  }

  /// The gradient with respect to the input, given that with respect to the output: also the forward pass of the
  /// transposed convolution, for which a bias (one number an input channel) can be added.
  ///
  /// Input pixels that are alike modulo the stride read the same taps, so each such phase is a product of its
  /// own and nothing is multiplied by inserted zeros.
  ///
  /// - Parameter weightIsPrepared: Whether the weight is as ``PreparedWeights`` leaves it, not in PyTorch's order.
  public static func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, weightIsPrepared: Bool = false, bias: UnsafeRawPointer? = nil,
    rectified: Bool = false, inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    guard shape.inputElementCount > 0 else { return }
    if shape.isDepthwise {
      return Depthwise.backwardData(
        shape, scalar, outputGradient: outputGradient, weight: weight, weightIsPrepared: weightIsPrepared,
        bias: bias, rectified: rectified, inputGradient: inputGradient, workspace: workspace)
    }
    var cursor = WorkspaceCursor(workspace)
    let parts = BackwardDataParts(shape, scalar, weightIsPrepared: weightIsPrepared, &cursor)
    parts.zeros.initializeMemory(as: UInt8.self, repeating: 0, count: parts.zeroBytes)
    let plan = backwardDataPlan(shape, scalar)
    if let packed = parts.packed { plan.weights.pack(weight, to: packed) }
    plan.run(
      IndirectProductPlan.Operands(
        source: outputGradient, panels: parts.packed.map { UnsafeRawPointer($0) } ?? weight,
        bias: bias.map { parts.repeated($0) }, rectified: rectified, output: inputGradient,
        zeros: UnsafeRawPointer(parts.zeros)))
  }

  static func backwardDataPanels(_ shape: ConvolutionShape, _ scalar: RealFormat) -> WeightPanels {
    panels(shape, scalar, products(shape, scalar))
  }

  private static func panels(
    _ shape: ConvolutionShape, _ scalar: RealFormat, _ products: [IndirectProduct]
  ) -> WeightPanels {
    WeightPanels(
      scalar, groups: shape.groups, channels: shape.outputChannelsPerGroup,
      columns: shape.mergingPatches.inputChannelsPerGroup,
      columnOffsets: shape.channelOffsets(inRuns: shape.mergesPatches), channelOffsets: shape.filterOffsets,
      taps: products.map(\.weightTaps), areRuns: false,
      groupStride: shape.weightElementCount / shape.groups)
  }

  /// Those of the shape with merged patches, with taps of the weights as they are.
  static func products(_ shape: ConvolutionShape, _ scalar: RealFormat) -> [IndirectProduct] {
    let merged = shape.mergingPatches
    var products = merged.backwardDataProducts(scalar)
    // A tap of the merged shape is the first of a run.
    let run = shape.kernel.width / merged.kernel.width
    for index in products.indices { products[index].weightTaps = products[index].weightTaps.map { $0 * run } }
    return products
  }

  private static func backwardDataPlan(
    _ shape: ConvolutionShape, _ scalar: RealFormat
  ) -> IndirectProductPlan {
    let merged = shape.mergingPatches
    let products = products(shape, scalar)
    return IndirectProductPlan(
      kernels: gemmKernels(scalar), weights: panels(shape, scalar, products), sharedOffsets: [],
      groupSourceStride: shape.outputChannelsPerGroup, groupOutputStride: merged.inputChannelsPerGroup,
      sourceSize: merged.output, sourceStrides: merged.outputStrides(scalar), products: products)
  }

  private struct BackwardDataParts {
    /// Nil where the weights come packed.
    let packed: UnsafeMutableRawPointer?
    let zeros: UnsafeMutableRawPointer
    let zeroBytes: Int
    /// A bias for each pixel of a patch, one after the other, where patches are merged.
    private let patchBias: UnsafeMutableRawPointer?
    private let biasBytes: Int
    private let patchPixels: Int

    init(
      _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool, _ cursor: inout WorkspaceCursor
    ) {
      let merged = shape.mergingPatches
      packed =
        weightIsPrepared
        ? nil
        : cursor.take(
          WeightPanels.largestByteCount(
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
