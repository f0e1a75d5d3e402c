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
/// the lines (rows of output pixels). Packed input lines carry their padding, so that every tap of a kernel row
/// reads the same packed line from its own offset. If the lines are cut, the parts' sums are added in order.
private struct WeightGradient {
  let shape: ConvolutionShape
  let scalar: RealFormat
  let kernels: martlet_gemm_kernels
  /// Taps that read their own lines or offsets, and the elements of a run that each reads.
  let taps: [SpatialExtent]
  let rows: Int
  let merges: Bool
  let padded: PaddedRows

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

  init(_ shape: ConvolutionShape, _ scalar: RealFormat) {
    self.shape = shape
    self.scalar = scalar
    kernels = gemmKernels(scalar)
    merges = shape.mergesKernelRows
    taps = shape.taps(mergingRows: merges)
    rows = merges ? shape.kernel.width * shape.inputChannels : shape.inputChannelsPerGroup
    padded = PaddedRows(shape, scalar)

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

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = cursor.take(merges ? padded.byteCount + padded.rowBytes : 0)
    _ = cursor.take(parts > 1 ? parts * blockCount * blockElements * scalar.byteCount : 0)
    return cursor.byteCount
  }

  func run(
    input: UnsafeRawPointer, outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let paddedInput = cursor.take(merges ? padded.byteCount + padded.rowBytes : 0)
    let partial = cursor.take(parts > 1 ? parts * blockCount * blockElements * scalar.byteCount : 0)
    if merges {
      padded.copy(input, to: paddedInput)
      // A row of zeros follows the padded input.
      (paddedInput + padded.byteCount).initializeMemory(as: UInt8.self, repeating: 0, count: padded.rowBytes)
    }
    let source = merges ? UnsafeRawPointer(paddedInput) : input

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
    let slotElements = merges ? 0 : leftPanels * leftPanelStride
    let slotCount = merges ? 0 : step * lineTaps + 1
    let rightPanelStride = step * segmentPixels * width

    var measure = WorkspaceCursor()
    func cut(_ cursor: inout WorkspaceCursor) -> (
      sums: UnsafeMutableRawPointer, left: UnsafeMutableRawPointer, right: UnsafeMutableRawPointer,
      pointers: UnsafeMutableRawPointer, keys: UnsafeMutableRawPointer
    ) {
      (
        cursor.take(sumElements(block) * bytes), cursor.take(slotCount * slotElements * bytes),
        cursor.take(panels(block) * rightPanelStride * bytes), cursor.take(taps.count * step * 8),
        cursor.take(slotCount * 8)
      )
    }
    _ = cut(&measure)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    let scratch = cut(&cursor)
    let pointers = scratch.pointers.assumingMemoryBound(to: UnsafeRawPointer?.self)
    let keys = scratch.keys.assumingMemoryBound(to: Int.self)
    scratch.sums.initializeMemory(as: UInt8.self, repeating: 0, count: sumElements(block) * bytes)
    // Slot 0 stays zero for lines outside the input. The others are zeroed when first used; where their padding
    // lies is the same for every line.
    let slotBytes = slotElements * bytes
    var zeroedSlots = 0
    if !merges {
      scratch.left.initializeMemory(as: UInt8.self, repeating: 0, count: slotBytes)
      zeroedSlots = 1
    }

    var product = martlet_outer_block()
    product.taps = taps.count
    product.left_lines = UnsafePointer(pointers)
    product.left_step = merges ? shape.stride.width * shape.inputChannels : shape.stride.width * height
    product.left_panel_stride = merges ? 0 : leftPanelStride
    product.left_rows = block.rows.count
    product.right = UnsafeRawPointer(scratch.right)
    product.right_panel_stride = rightPanelStride
    product.right_panels = panels(block)
    product.sums = scratch.sums
    let offsets = taps.map { merges ? block.rows.lowerBound : $0.width * shape.dilation.width * height }

    var line = lines.lowerBound
    while line < lines.upperBound {
      let count = min(step, lines.upperBound - line)
      let firstPixel = line % segments * segmentPixels
      let pixels = min(segmentPixels, shape.output.width - firstPixel)
      product.lines = count
      product.pixels = pixels

      var copy = martlet_panel_copy()
      let outputRow = shape.output.width * shape.outputChannels
      let columnStart = block.group * columns + block.columns.lowerBound
      copy.source =
        outputGradient
        + (line / segments * outputRow + firstPixel * shape.outputChannels + columnStart) * bytes
      copy.pixels = count * pixels
      copy.pixel_stride = shape.outputChannels
      copy.channels = block.columns.count
      copy.panels = scratch.right
      copy.panel_stride = rightPanelStride
      kernels.pack_right(&copy)

      var slots = 1
      for l in 0..<count {
        for tap in 0..<lineTaps {
          let row = inputRow(line: (line + l) / segments, tap: tap)
          let address: UnsafeRawPointer
          if merges {
            let skipped = firstPixel * shape.stride.width * shape.inputChannels * bytes
            address = source + (row < 0 ? padded.byteCount : row * padded.rowBytes + skipped)
          } else {
            var slot = 0
            if row >= 0 {
              slot = slots - 1
              while slot > 0, keys[slot] != row { slot -= 1 }
              if slot == 0 {
                slot = slots
                slots += 1
                keys[slot] = row
                let to = scratch.left + slot * slotBytes
                if slot >= zeroedSlots || segments > 1 {
                  to.initializeMemory(as: UInt8.self, repeating: 0, count: slotBytes)
                  zeroedSlots = max(zeroedSlots, slot + 1)
                }
                packLeft(
                  row: row, firstPixel: firstPixel, packedPixels: packedPixels, block, source, to: to,
                  panelStride: leftPanelStride)
              }
            }
            address = UnsafeRawPointer(scratch.left + slot * slotBytes)
          }
          let perLine = taps.count / lineTaps
          for k in 0..<perLine { pointers[(tap * perLine + k) * count + l] = address }
        }
      }
      offsets.withUnsafeBufferPointer {
        product.left_offsets = $0.baseAddress
        kernels.add_outer_products(&product)
      }
      line += count
    }
    return scratch.sums
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
    return (n * shape.input.depth + z) * shape.input.height + y
  }

  /// Packs the part of an input row that a segment of output pixels reads. What lies outside stays as it is: zero.
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
    let perFilter = shape.inputChannelsPerGroup * shape.kernel.count
    let rowOffsets = ImplicitGEMM.forwardChannelOffsets(shape)
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
