import CMartletKernels

extension ImplicitGEMM {
  /// Scratch memory that backwardWeights needs.
  public static func backwardWeightsWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    if shape.isDepthwise { return Depthwise.backwardWeightsWorkspace(shape, scalar) }
    return WeightGradient(shape, scalar).workspaceByteCount
  }

  /// The gradient with respect to the weights, in PyTorch's order, given the input and the output's gradient.
  public static func backwardWeights(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer,
    outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    guard shape.weightElementCount > 0 else { return }
    guard shape.outputElementCount > 0, shape.inputElementCount > 0 else {
      let bytes = shape.weightElementCount * scalar.byteCount
      weightGradient.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      return
    }
    if shape.isDepthwise {
      return Depthwise.backwardWeights(
        shape, scalar, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        workspace: workspace)
    }
    WeightGradient(shape, scalar).run(
      input: input, outputGradient: outputGradient, weightGradient: weightGradient, workspace: workspace)
  }
}

/// How the sum over pixels of input ⊗ output gradient is cut.
///
/// A piece makes a block of the weights, all taps of some input channels × some output channels, over a part of
/// the lines (rows of output pixels). Every tap of a kernel row reads the same input line, packed if there are
/// several, from its own offset and for the pixels for which that lies inside. If the lines are cut, the parts' sums
/// are added in order.
private struct WeightGradient {
  let shape: ConvolutionShape
  let scalar: RealFormat
  let kernels: martlet_gemm_kernels
  /// Taps that read their own lines or offsets, and the elements of a run that each reads.
  let taps: [SpatialExtent]
  let rows: Int
  let merges: Bool
  let padded: PaddedRows
  /// Whether input lines are packed; where one tap reads each, they are read where they lie.
  let packsLeft: Bool
  /// Whether the output's gradient takes the rows and the input the columns, for pointwise convolutions that would
  /// otherwise leave more lanes empty.
  let swapsOperands: Bool

  /// Output lines are cut into segments of equal length, and those into parts.
  let segments: Int
  let segmentPixels: Int
  let linesPerStep: Int
  let parts: Int
  let rowBlock: Int
  let columnBlock: Int

  var columns: Int { shape.outputChannelsPerGroup }
  var rowBlocks: Int { ceilDivide(rows, rowBlock) }
  var columnBlocks: Int { ceilDivide(columns, columnBlock) }
  var lineCount: Int { shape.batch * shape.output.depth * shape.output.height * segments }
  var blockCount: Int { shape.groups * rowBlocks * columnBlocks }
  /// Elements of a block's sums, on panels of any width.
  var blockElements: Int { taps.count * rowBlock * columnBlock }

  init(_ original: ConvolutionShape, _ scalar: RealFormat) {
    swapsOperands = Self.isBetterSwapped(original)
    var shape = original
    if swapsOperands { swap(&shape.inputChannels, &shape.outputChannels) }
    self.shape = shape
    self.scalar = scalar
    kernels = gemmKernels(scalar)
    merges = shape.mergesKernelRows
    taps = shape.taps(mergingRows: merges)
    rows = merges ? shape.kernel.width * shape.inputChannels : shape.inputChannelsPerGroup
    padded = PaddedRows(shape, scalar)
    packsLeft = !merges && taps.count > 1

    segments = ceilDivide(shape.output.width, 320)
    segmentPixels = ceilDivide(shape.output.width, segments)
    let columns = shape.outputChannelsPerGroup
    let widest = IndirectProductPlan.widestPanel
    // The sums of a block are read and written at each step and should stay in the second cache. The fewer the taps,
    // the more columns share the packing of a row.
    let elements = 80 << 10
    let wide = min(256, max(64, elements / (taps.count * 64) / widest * widest))
    let columnBlocks = ceilDivide(columns, wide)
    columnBlock = ceilDivide(ceilDivide(columns, columnBlocks), widest) * widest
    let blocks = ceilDivide(rows, max(12, min(64, elements / (taps.count * columnBlock))))
    rowBlock = ceilDivide(rows, blocks)

    let lines = shape.batch * shape.output.depth * shape.output.height * segments
    linesPerStep = segments > 1 ? 1 : max(1, min(lines, 256 / max(1, shape.output.width)))
    let weightBlocks = shape.groups * blocks * ceilDivide(columns, columnBlock)
    // About 64 pieces, none of a few pixels only.
    let pixels = lines * segmentPixels
    parts = max(1, min(64 / weightBlocks, pixels / 512, lines))
  }

  private static func isBetterSwapped(_ shape: ConvolutionShape) -> Bool {
    func lanes(_ rows: Int, _ columns: Int) -> Int {
      rows * ceilDivide(columns, IndirectProductPlan.widestPanel)
    }
    return shape.isPointwise
      && lanes(shape.outputChannels, shape.inputChannels) < lanes(shape.inputChannels, shape.outputChannels)
  }

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = cursor.take(merges ? padded.byteCount : 0)
    _ = cursor.take(parts > 1 ? parts * blockCount * blockElements * scalar.byteCount : 0)
    return cursor.byteCount
  }

  func run(
    input: UnsafeRawPointer, outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let paddedInput = cursor.take(merges ? padded.byteCount : 0)
    let partial = cursor.take(parts > 1 ? parts * blockCount * blockElements * scalar.byteCount : 0)
    if merges {
      padded.copy(input, to: paddedInput)
    }
    var source = merges ? UnsafeRawPointer(paddedInput) : input
    var outputGradient = outputGradient
    if swapsOperands { swap(&source, &outputGradient) }

    ThreadPool.parallelFor(parts * blockCount) { piece in
      // Blocks of one part follow each other, so that its lines are in cache.
      let part = piece / blockCount
      let block = Block(piece % blockCount, self)
      let lines = (lineCount * part / parts)..<(lineCount * (part + 1) / parts)
      let sums = addLines(lines, block, source, outputGradient)
      if parts == 1 {
        write(sums, block, weightGradient)
      } else {
        let slot = partial + (part * blockCount + block.index) * blockElements * scalar.byteCount
        slot.copyMemory(from: sums, byteCount: sumElements(block) * scalar.byteCount)
      }
    }
    guard parts > 1 else { return }
    ThreadPool.parallelFor(blockCount) { index in
      let block = Block(index, self)
      let count = sumElements(block)
      let first = partial + index * blockElements * scalar.byteCount
      for part in 1..<parts {
        let terms = partial + (part * blockCount + index) * blockElements * scalar.byteCount
        if scalar == .float32 {
          martlet_add_float(
            first.assumingMemoryBound(to: Float.self), terms.assumingMemoryBound(to: Float.self), count)
        } else {
          martlet_add_double(
            first.assumingMemoryBound(to: Double.self), terms.assumingMemoryBound(to: Double.self), count)
        }
      }
      write(first, block, weightGradient)
    }
  }

  /// A range of rows (input channels, or elements of a kernel row) × columns (output channels) of one group.
  private struct Block {
    let index: Int
    let group: Int
    let rows: Range<Int>
    let columns: Range<Int>

    init(_ index: Int, _ gradient: WeightGradient) {
      self.index = index
      let rowIndex = index % gradient.rowBlocks
      let columnIndex = index / gradient.rowBlocks % gradient.columnBlocks
      group = index / (gradient.rowBlocks * gradient.columnBlocks)
      let firstRow = rowIndex * gradient.rowBlock
      rows = firstRow..<min(gradient.rows, firstRow + gradient.rowBlock)
      let firstColumn = columnIndex * gradient.columnBlock
      columns = firstColumn..<min(gradient.columns, firstColumn + gradient.columnBlock)
    }
  }

  private func panels(_ block: Block) -> Int { ceilDivide(block.columns.count, Int(kernels.width)) }
  private func sumElements(_ block: Block) -> Int {
    taps.count * block.rows.count * panels(block) * Int(kernels.width)
  }

  /// A block's sums over some lines, [tap][row][column], in the thread's scratch memory.
  private func addLines(
    _ lines: Range<Int>, _ block: Block, _ source: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer
  ) -> UnsafeMutableRawPointer {
    let bytes = scalar.byteCount
    let lineTaps = shape.kernel.depth * shape.kernel.height
    let height = Int(kernels.height)
    let width = Int(kernels.width)
    let step = min(linesPerStep, lines.count)
    // Packed input pixels of one segment, padding included.
    let packedPixels =
      (segmentPixels - 1) * shape.stride.width + (shape.kernel.width - 1) * shape.dilation.width + 1
    let leftPanels = ceilDivide(block.rows.count, height)
    let leftPanelStride = packedPixels * height
    let slotElements = packsLeft ? leftPanels * leftPanelStride : 0
    let slotCount = packsLeft ? step * lineTaps : 0
    // Columns that fill their panels are read where they lie.
    let packsRight = block.columns.count % width != 0
    let rightPanelStride = step * segmentPixels * width

    var measure = WorkspaceCursor()
    func cut(_ cursor: inout WorkspaceCursor) -> (
      sums: UnsafeMutableRawPointer, left: UnsafeMutableRawPointer, right: UnsafeMutableRawPointer,
      pointers: UnsafeMutableRawPointer, keys: UnsafeMutableRawPointer
    ) {
      (
        cursor.take(sumElements(block) * bytes), cursor.take(slotCount * slotElements * bytes),
        cursor.take(packsRight ? panels(block) * rightPanelStride * bytes : 0),
        cursor.take(taps.count * step * 8), cursor.take(slotCount * 8)
      )
    }
    _ = cut(&measure)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    let scratch = cut(&cursor)
    let pointers = scratch.pointers.assumingMemoryBound(to: UnsafeRawPointer?.self)
    let keys = scratch.keys.assumingMemoryBound(to: Int.self)
    scratch.sums.initializeMemory(as: UInt8.self, repeating: 0, count: sumElements(block) * bytes)
    let slotBytes = slotElements * bytes

    var product = martlet_outer_block()
    product.taps = taps.count
    product.left_lines = UnsafePointer(pointers)
    product.left_step = shape.stride.width * (packsLeft ? height : shape.inputChannels)
    product.left_panel_stride = packsLeft ? leftPanelStride : 0
    product.left_rows = block.rows.count
    product.right_panels = panels(block)
    product.sums = scratch.sums
    let sourceWidth = merges ? padded.width : shape.input.width
    let sourceRow = sourceWidth * shape.inputChannels * bytes
    let outputRow = shape.output.width * shape.outputChannels
    let columnStart = block.group * columns + block.columns.lowerBound
    // Where a tap's first pixel lies in a source line, packed (with its padding) or not.
    let starts = taps.map {
      merges ? 0 : $0.width * shape.dilation.width - (packsLeft ? 0 : shape.paddingBefore.width)
    }
    let offsets = starts.map {
      packsLeft
        ? $0 * height
        : $0 * shape.inputChannels + block.group * shape.inputChannelsPerGroup + block.rows.lowerBound
    }

    var line = lines.lowerBound
    while line < lines.upperBound {
      let count = min(step, lines.upperBound - line)
      let firstPixel = line % segments * segmentPixels
      let pixels = min(segmentPixels, shape.output.width - firstPixel)
      product.lines = count

      let gradient =
        outputGradient
        + (line / segments * outputRow + firstPixel * shape.outputChannels + columnStart) * bytes
      if packsRight {
        var copy = martlet_panel_copy()
        copy.source = gradient
        copy.pixels = count * pixels
        copy.pixel_stride = shape.outputChannels
        copy.channels = block.columns.count
        copy.panels = scratch.right
        copy.panel_stride = rightPanelStride
        kernels.pack_right(&copy)
      }
      product.right = packsRight ? UnsafeRawPointer(scratch.right) : gradient
      product.right_panel_stride = packsRight ? rightPanelStride : width
      product.right_step = packsRight ? width : shape.outputChannels
      product.right_line_stride = pixels * product.right_step
      product.right_ahead = packsRight ? 0 : count * pixels * shape.outputChannels
      product.left_ahead = packsLeft ? 0 : count * pixels * shape.stride.width * shape.inputChannels

      var slots = 0
      for l in 0..<count {
        for tap in 0..<lineTaps {
          let row = inputRow(line: (line + l) / segments, tap: tap)
          var address: UnsafeRawPointer?
          if row >= 0, packsLeft {
            var slot = slots - 1
            while slot >= 0, keys[slot] != row { slot -= 1 }
            if slot < 0 {
              slot = slots
              slots += 1
              keys[slot] = row
              packLeft(
                row: row, firstPixel: firstPixel, packedPixels: packedPixels, block, source,
                to: scratch.left + slot * slotBytes, panelStride: leftPanelStride)
            }
            address = UnsafeRawPointer(scratch.left + slot * slotBytes)
          } else if row >= 0 {
            address = source + row * sourceRow + firstPixel * shape.stride.width * shape.inputChannels * bytes
          }
          let perLine = taps.count / lineTaps
          for k in 0..<perLine { pointers[(tap * perLine + k) * count + l] = address }
        }
      }
      let ranges = taps.map { merges ? 0..<pixels : pixelRange(tap: $0, firstPixel: firstPixel, pixels) }
      offsets.withUnsafeBufferPointer { offsets in
        ranges.map(\.lowerBound).withUnsafeBufferPointer { firsts in
          ranges.map(\.upperBound).withUnsafeBufferPointer { ends in
            product.left_offsets = offsets.baseAddress
            product.first_pixels = firsts.baseAddress
            product.end_pixels = ends.baseAddress
            kernels.add_outer_products(&product)
          }
        }
      }
      line += count
    }
    return scratch.sums
  }

  /// The pixels of a segment for which a tap reads inside the input's rows.
  private func pixelRange(tap: SpatialExtent, firstPixel: Int, _ pixels: Int) -> Range<Int> {
    let stride = shape.stride.width
    let start = firstPixel * stride + shape.sourceOffset(tap).width
    let first = start >= 0 ? 0 : min(pixels, ceilDivide(-start, stride))
    let last = shape.input.width - 1 - start
    return first..<max(first, last < 0 ? 0 : min(pixels, last / stride + 1))
  }

  /// The input row that a row of output pixels reads by a tap (depth, height): −1 outside the input.
  private func inputRow(line: Int, tap: Int) -> Int {
    let h = line % shape.output.height
    let d = line / shape.output.height % shape.output.depth
    let n = line / (shape.output.height * shape.output.depth)
    let offset = shape.sourceOffset(SpatialExtent(tap / shape.kernel.height, tap % shape.kernel.height, 0))
    let y = h * shape.stride.height + offset.height
    let z = d * shape.stride.depth + offset.depth
    guard (0..<shape.input.height).contains(y), (0..<shape.input.depth).contains(z) else { return -1 }
    return merges
      ? padded.row(image: n, depth: z, height: y) : (n * shape.input.depth + z) * shape.input.height + y
  }

  /// Packs the part of an input row that a segment of output pixels reads. What lies outside is never read.
  private func packLeft(
    row: Int, firstPixel: Int, packedPixels: Int, _ block: Block, _ source: UnsafeRawPointer,
    to slot: UnsafeMutableRawPointer, panelStride: Int
  ) {
    let bytes = scalar.byteCount
    let height = Int(kernels.height)
    let start = firstPixel * shape.stride.width - shape.paddingBefore.width
    let first = max(0, start)
    let end = min(shape.input.width, start + packedPixels)
    guard first < end else { return }
    var copy = martlet_panel_copy()
    let channel = block.group * shape.inputChannelsPerGroup + block.rows.lowerBound
    copy.source = source + ((row * shape.input.width + first) * shape.inputChannels + channel) * bytes
    copy.pixels = end - first
    copy.pixel_stride = shape.inputChannels
    copy.channels = block.rows.count
    copy.panels = slot + (first - start) * height * bytes
    copy.panel_stride = panelStride
    kernels.pack_left(&copy)
  }

  /// Writes a block's sums into the weight gradient.
  private func write(_ sums: UnsafeRawPointer, _ block: Block, _ weightGradient: UnsafeMutableRawPointer) {
    let perFilter = swapsOperands ? 1 : shape.inputChannelsPerGroup * shape.kernel.count
    let rowOffsets =
      swapsOperands
      ? (0..<rows).map { $0 * shape.outputChannels } : ImplicitGEMM.forwardChannelOffsets(shape)
    let tapOffsets = taps.map(shape.weightOffset)
    var copy = martlet_weight_sums()
    copy.sums = sums
    copy.pitch = panels(block) * Int(kernels.width)
    copy.weights =
      weightGradient + (block.group * columns + block.columns.lowerBound) * perFilter * scalar.byteCount
    copy.columns = block.columns.count
    copy.column_stride = perFilter
    copy.rows = block.rows.count
    copy.taps = taps.count
    rowOffsets.withUnsafeBufferPointer { rows in
      tapOffsets.withUnsafeBufferPointer { taps in
        copy.row_offsets = rows.baseAddress! + block.rows.lowerBound
        copy.tap_offsets = taps.baseAddress
        if scalar == .float32 { martlet_unpack_sums_4(&copy) } else { martlet_unpack_sums_8(&copy) }
      }
    }
  }
}
