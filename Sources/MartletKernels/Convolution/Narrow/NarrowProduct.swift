import CMartletKernels

/// A convolution, or a transposed one, as an implicit product of operands narrower than a float: that of
/// ``ImplicitGEMM`` with as many channels as fill 4 bytes as one element. The source is rounded first, some images at a
/// time, and read through tables of row pointers.
struct NarrowProduct {
  let panels: NarrowPanels
  private var plan: IndirectProductPlan
  private let batch: Int
  /// Pixels of an image of the source, its channels, and bytes from one rounded pixel to the next.
  private let pixels: Int
  private let channels: Int
  private let pixelBytes: Int
  /// Numbers of an image of the result.
  private let resultElements: Int
  /// How often the bias is repeated for one row of the product.
  private let biasRepeats: Int
  private let biasCount: Int
  private let isEmpty: Bool

  static func supports(_ part: ConvolutionPart, _ shape: ConvolutionShape, numbersInElement count: Int)
    -> Bool
  {
    let perGroup = part == .forward ? shape.inputChannelsPerGroup : shape.outputChannelsPerGroup
    return !shape.isDepthwise && perGroup > 0 && perGroup % count == 0
  }

  /// - Parameters:
  ///   - part: Forward, or backward-data for a transposed convolution.
  ///   - count: Numbers that fill 4 bytes.
  init(
    _ part: ConvolutionPart, _ shape: ConvolutionShape, numbersInElement count: Int,
    _ kernels: martlet_gemm_kernels
  ) {
    let products: [IndirectProduct]
    let (sourceSize, groupSource, groupOutput): (SpatialExtent, Int, Int)
    let groupStride = shape.weightElementCount / shape.groups
    batch = shape.batch
    if part == .forward {
      products = [shape.forwardProduct(.float32)]
      (pixels, channels) = (shape.input.count, shape.inputChannels)
      resultElements = shape.output.count * shape.outputChannels
      (biasRepeats, biasCount) = (1, shape.outputChannels)
      isEmpty = shape.outputElementCount == 0
      panels = NarrowPanels(
        numbersInElement: count, groups: shape.groups, channels: shape.inputChannelsPerGroup,
        columns: shape.outputChannelsPerGroup, columnOffsets: shape.filterOffsets,
        channelOffsets: shape.channelOffsets(inRuns: false), taps: products.map(\.weightTaps),
        groupStride: groupStride, kernels)
      (sourceSize, groupSource, groupOutput) = (
        shape.input, shape.inputChannelsPerGroup, shape.outputChannelsPerGroup
      )
    } else {
      let merged = shape.mergingPatches
      products = ImplicitGEMM.products(shape, .float32)
      (pixels, channels) = (shape.output.count, shape.outputChannels)
      resultElements = shape.input.count * shape.inputChannels
      (biasRepeats, biasCount) = (shape.kernel.width / merged.kernel.width, shape.inputChannels)
      isEmpty = shape.inputElementCount == 0
      panels = NarrowPanels(
        numbersInElement: count, groups: shape.groups, channels: shape.outputChannelsPerGroup,
        columns: merged.inputChannelsPerGroup,
        columnOffsets: shape.channelOffsets(inRuns: shape.mergesPatches), channelOffsets: shape.filterOffsets,
        taps: products.map(\.weightTaps), groupStride: groupStride, kernels)
      (sourceSize, groupSource, groupOutput) = (
        merged.output, shape.outputChannelsPerGroup, merged.inputChannelsPerGroup
      )
    }
    let pixel = spacedRowBytes(channels * MemoryLayout<Float>.stride / count)
    pixelBytes = pixel
    plan = IndirectProductPlan(
      kernels: kernels, weights: panels.elements, sharedOffsets: [], groupSourceStride: groupSource / count,
      groupOutputStride: groupOutput, sourceSize: sourceSize,
      sourceStrides: (
        sourceSize.count * pixel, sourceSize.height * sourceSize.width * pixel, sourceSize.width * pixel,
        pixel
      ), products: products)
  }

  /// Whether what lies outside the source is left out of sums, where it can be; otherwise it is always read, as
  /// ``run(_:scales:padding:workspace:round:)`` is told.
  var leavesPaddingOut: Bool {
    get { plan.leavesPaddingOut }
    set { plan.leavesPaddingOut = newValue }
  }

  /// Whether what is added may be the result's memory.
  var addsInPlace: Bool { plan.sumsAtOnce }

  /// Results that one row of the product makes, of all groups.
  var columnCount: Int { biasRepeats * biasCount }

  /// Rounded bytes that are enough to keep all threads busy; more would be memory for nothing.
  private static let roundedBytes = 16 << 20

  /// As many images as do not take more, at least one, in parts of nearly one size.
  private var imagesAtOnce: Int {
    let most = max(1, Self.roundedBytes / max(1, pixels * pixelBytes))
    return max(1, ceilDivide(batch, max(1, ceilDivide(batch, most))))
  }

  private func takeScratch(_ cursor: inout WorkspaceCursor) -> (
    rows: UnsafeMutableRawPointer, padding: UnsafeMutableRawPointer, bias: UnsafeMutableRawPointer
  ) {
    (
      cursor.take(imagesAtOnce * pixels * pixelBytes), cursor.take(pixelBytes),
      cursor.take(biasRepeats > 1 ? columnCount * MemoryLayout<Float>.stride : 0)
    )
  }

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = takeScratch(&cursor)
    return cursor.byteCount
  }

  /// - Parameters:
  ///   - scales: What sums are multiplied by, one number a column, for kernels whose sums are whole numbers. The bias
  ///     then has a number for each column too, not only for each channel of a result.
  ///   - padding: What each byte of a pixel outside the source is.
  ///   - round: Rounds some rows of so many channels to memory where rows are so many bytes apart.
  func run(
    _ operands: NarrowOperands, scales: UnsafePointer<Float>? = nil, padding: UInt8 = 0,
    workspace: UnsafeMutableRawPointer,
    round:
      @Sendable (
        _ from: UnsafePointer<Float>, _ rows: Int, _ channels: Int, _ to: UnsafeMutableRawPointer,
        _ pitch: Int
      ) -> Void
  ) {
    guard !isEmpty else { return }
    var cursor = WorkspaceCursor(workspace)
    let scratch = takeScratch(&cursor)
    scratch.padding.initializeMemory(as: UInt8.self, repeating: padding, count: pixelBytes)
    var bias = operands.bias.map { UnsafeRawPointer($0) }
    if let given = bias, biasRepeats > 1, scales == nil {
      let bytes = biasCount * MemoryLayout<Float>.stride
      for i in 0..<biasRepeats { (scratch.bias + i * bytes).copyMemory(from: given, byteCount: bytes) }
      bias = UnsafeRawPointer(scratch.bias)
    }
    for first in stride(from: 0, to: batch, by: imagesAtOnce) {
      let count = min(imagesAtOnce, batch - first)
      self.round(operands.source, firstImage: first, images: count, to: scratch.rows, by: round)
      var plan = plan
      for i in plan.products.indices { plan.products[i].grid.0 = count }
      let start = first * resultElements
      plan.run(
        IndirectProductPlan.Operands(
          source: UnsafeRawPointer(scratch.rows), panels: operands.weights, scales: scales, bias: bias,
          addend: operands.addend.map { UnsafeRawPointer($0 + start) }, rectified: operands.rectified,
          output: UnsafeMutableRawPointer(operands.result + start), zeros: UnsafeRawPointer(scratch.padding)))
    }
  }

  /// Numbers that are rounded in one piece of work.
  private static let pieceElements = 64 << 10

  private func round(
    _ source: [ConvolutionInputPart], firstImage: Int, images: Int, to rows: UnsafeMutableRawPointer,
    by round: @Sendable (UnsafePointer<Float>, Int, Int, UnsafeMutableRawPointer, Int) -> Void
  ) {
    let block = max(1, Self.pieceElements / max(1, channels))
    let bytes = MemoryLayout<Float>.stride / panels.numbersInElement
    ThreadPool.parallelFor(ceilDivide(images * pixels, block)) { piece in
      let first = piece * block
      let count = min(block, images * pixels - first)
      var to = rows + first * pixelBytes
      for part in source {
        round(
          part.elements + (firstImage * pixels + first) * part.channels, count, part.channels, to, pixelBytes)
        to += part.channels * bytes
      }
    }
  }
}

/// What one run of a convolution with narrow operands reads and writes.
struct NarrowOperands {
  /// Plain parts of the input.
  var source: [ConvolutionInputPart]
  /// As they were prepared.
  var weights: UnsafeRawPointer
  var bias: UnsafePointer<Float>?
  /// As large as the result, and added to it before it is rectified; the result's memory only where the convolution
  /// ``NarrowConvolution/addsInPlace``.
  var addend: UnsafePointer<Float>?
  var rectified: Bool
  var result: UnsafeMutablePointer<Float>
}

/// Weights of implicit products, of which as many neighbouring channels are one element as fill 4 bytes.
struct NarrowPanels: Hashable {
  let numbersInElement: Int
  /// Where elements lie: channels are elements, and their offsets those of the first number of each.
  let elements: WeightPanels
  /// From one number of an element to the next, in the weights that are packed.
  let neighbour: Int

  init(
    numbersInElement count: Int, groups: Int, channels: Int, columns: Int, columnOffsets: [Int],
    channelOffsets: [Int], taps: [[Int]], groupStride: Int, _ kernels: martlet_gemm_kernels
  ) {
    numbersInElement = count
    neighbour = channelOffsets[1] - channelOffsets[0]
    elements = WeightPanels(
      .float32, groups: groups, channels: channels / count, columns: columns, columnOffsets: columnOffsets,
      channelOffsets: stride(from: 0, to: channels, by: count).map { channelOffsets[$0] }, taps: taps,
      areRuns: false, groupStride: groupStride, kernels: kernels)
  }

  var byteCount: Int { elements.byteCount }

  /// Whether sums of so large whole numbers, as many as are taken in one go, are numbers of 32 bits.
  func fitSums(of largestProduct: Int) -> Bool {
    elements.taps.allSatisfy {
      let terms = numbersInElement * $0.count * elements.chunkChannels(taps: $0.count)
      return terms <= Int(Int32.max) / largestProduct
    }
  }
}
