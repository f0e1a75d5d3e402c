import CMartletKernels

/// A convolution, or a transposed one, as an implicit product of bfloat16 operands: that of ``ImplicitGEMM`` with pairs
/// of channels as elements. The source is rounded first, in one pass, and read through tables of row pointers.
struct BFloat16Product {
  let panels: BFloat16Panels
  private let plan: IndirectProductPlan
  /// Pixels and channels of the source, and bytes from one rounded pixel to the next.
  private let pixels: Int
  private let channels: Int
  private let pixelBytes: Int
  /// How often the bias is repeated for one row of the product.
  private let biasRepeats: Int
  private let biasCount: Int
  private let isEmpty: Bool

  static func supports(_ part: ConvolutionPart, _ shape: ConvolutionShape) -> Bool {
    let perGroup = part == .forward ? shape.inputChannelsPerGroup : shape.outputChannelsPerGroup
    return !shape.isDepthwise && perGroup > 0 && perGroup % 2 == 0
  }

  init(_ part: ConvolutionPart, _ shape: ConvolutionShape) {
    let products: [IndirectProduct]
    if part == .forward {
      products = [shape.forwardProduct(.float32)]
      (pixels, channels) = (shape.batch * shape.input.count, shape.inputChannels)
      pixelBytes = spacedRowBytes(channels * MemoryLayout<UInt16>.stride)
      (biasRepeats, biasCount) = (1, shape.outputChannels)
      isEmpty = shape.outputElementCount == 0
      panels = BFloat16Panels(
        groups: shape.groups, channels: shape.inputChannelsPerGroup, columns: shape.outputChannelsPerGroup,
        columnOffsets: shape.filterOffsets, channelOffsets: shape.channelOffsets(inRuns: false),
        taps: products.map(\.weightTaps), groupStride: shape.weightElementCount / shape.groups)
      plan = IndirectProductPlan(
        kernels: bfloat16Kernels().products, weights: panels.pairs, sharedOffsets: [],
        groupSourceStride: shape.inputChannelsPerGroup / 2, groupOutputStride: shape.outputChannelsPerGroup,
        sourceSize: shape.input, sourceStrides: Self.strides(shape.input, pixelBytes), products: products)
    } else {
      let merged = shape.mergingPatches
      products = ImplicitGEMM.products(shape, .float32)
      (pixels, channels) = (shape.batch * shape.output.count, shape.outputChannels)
      pixelBytes = spacedRowBytes(channels * MemoryLayout<UInt16>.stride)
      (biasRepeats, biasCount) = (shape.kernel.width / merged.kernel.width, shape.inputChannels)
      isEmpty = shape.inputElementCount == 0
      panels = BFloat16Panels(
        groups: shape.groups, channels: shape.outputChannelsPerGroup, columns: merged.inputChannelsPerGroup,
        columnOffsets: shape.channelOffsets(inRuns: shape.mergesPatches), channelOffsets: shape.filterOffsets,
        taps: products.map(\.weightTaps), groupStride: shape.weightElementCount / shape.groups)
      plan = IndirectProductPlan(
        kernels: bfloat16Kernels().products, weights: panels.pairs, sharedOffsets: [],
        groupSourceStride: shape.outputChannelsPerGroup / 2, groupOutputStride: merged.inputChannelsPerGroup,
        sourceSize: merged.output, sourceStrides: Self.strides(merged.output, pixelBytes), products: products)
    }
  }

  private static func strides(_ size: SpatialExtent, _ pixel: Int) -> (Int, Int, Int, Int) {
    (size.count * pixel, size.height * size.width * pixel, size.width * pixel, pixel)
  }

  private func takeScratch(_ cursor: inout WorkspaceCursor) -> (
    rows: UnsafeMutableRawPointer, zeros: UnsafeMutableRawPointer, bias: UnsafeMutableRawPointer
  ) {
    (
      cursor.take(pixels * pixelBytes), cursor.take(pixelBytes),
      cursor.take(biasRepeats > 1 ? biasRepeats * biasCount * MemoryLayout<Float>.stride : 0)
    )
  }

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = takeScratch(&cursor)
    return cursor.byteCount
  }

  func run(_ operands: BFloat16Operands, workspace: UnsafeMutableRawPointer) {
    guard !isEmpty else { return }
    var cursor = WorkspaceCursor(workspace)
    let scratch = takeScratch(&cursor)
    scratch.zeros.initializeMemory(as: UInt8.self, repeating: 0, count: pixelBytes)
    round(operands.source, to: scratch.rows)
    var bias = operands.bias.map { UnsafeRawPointer($0) }
    if let given = bias, biasRepeats > 1 {
      let bytes = biasCount * MemoryLayout<Float>.stride
      for i in 0..<biasRepeats { (scratch.bias + i * bytes).copyMemory(from: given, byteCount: bytes) }
      bias = UnsafeRawPointer(scratch.bias)
    }
    plan.run(
      IndirectProductPlan.Operands(
        source: UnsafeRawPointer(scratch.rows), panels: operands.weights, bias: bias,
        addend: operands.addend.map { UnsafeRawPointer($0) }, rectified: operands.rectified,
        output: UnsafeMutableRawPointer(operands.result),
        zeros: UnsafeRawPointer(scratch.zeros)))
  }

  /// Numbers that are rounded in one piece of work.
  private static let pieceElements = 64 << 10

  private func round(_ source: [ConvolutionInputPart], to rows: UnsafeMutableRawPointer) {
    let kernels = bfloat16Kernels()
    let block = max(1, Self.pieceElements / max(1, channels))
    ThreadPool.parallelFor(ceilDivide(pixels, block)) { piece in
      let first = piece * block
      let count = min(block, pixels - first)
      var to = (rows + first * pixelBytes).assumingMemoryBound(to: UInt16.self)
      for part in source {
        kernels.round_rows(
          part.elements + first * part.channels, count, part.channels, to,
          pixelBytes / MemoryLayout<UInt16>.stride)
        to += part.channels
      }
    }
  }
}

/// Weights of implicit products in pairs of channels, rounded to bfloat16.
struct BFloat16Panels: Hashable {
  /// Where pairs lie: channels are pairs, and their offsets those of the first of each.
  let pairs: WeightPanels
  /// Elements from the first number of a pair to the second.
  private let neighbour: Int

  init(
    groups: Int, channels: Int, columns: Int, columnOffsets: [Int], channelOffsets: [Int], taps: [[Int]],
    groupStride: Int
  ) {
    neighbour = channelOffsets[1] - channelOffsets[0]
    pairs = WeightPanels(
      .float32, groups: groups, channels: channels / 2, columns: columns, columnOffsets: columnOffsets,
      channelOffsets: stride(from: 0, to: channels, by: 2).map { channelOffsets[$0] }, taps: taps,
      areRuns: false, groupStride: groupStride, kernels: bfloat16Kernels().products)
  }

  var byteCount: Int { pairs.byteCount }

  func pack(_ weights: UnsafePointer<Float>, to packed: UnsafeMutableRawPointer) {
    pairs.pack(UnsafeRawPointer(weights), to: packed) { martlet_pack_weights_bfloat16($0, neighbour) }
  }
}
