import CMartletKernels

/// The sums of a part of the lines.
extension WeightGradient {
  /// A block's sums over some lines, [tap][row][column], in the thread's scratch memory.
  func addLines(
    _ lines: Range<Int>, _ block: Block, _ source: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer
  ) -> UnsafeMutableRawPointer {
    let step = min(linesPerStep, lines.count)
    var slots = LeftSlots(self, block, lines: step)
    let right = RightPanels(self, block, lines: step)

    var measure = WorkspaceCursor()
    func cut(_ cursor: inout WorkspaceCursor) -> (
      sums: UnsafeMutableRawPointer, left: UnsafeMutableRawPointer, right: UnsafeMutableRawPointer,
      pointers: UnsafeMutableRawPointer
    ) {
      (
        cursor.take(sumElements(block) * scalar.byteCount), cursor.take(slots.byteCount),
        cursor.take(right.byteCount), cursor.take(taps.count * step * MemoryLayout<UnsafeRawPointer>.stride)
      )
    }
    _ = cut(&measure)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    let scratch = cut(&cursor)
    let pointers = scratch.pointers.assumingMemoryBound(to: UnsafeRawPointer?.self)
    scratch.sums.initializeMemory(as: UInt8.self, repeating: 0, count: sumElements(block) * scalar.byteCount)

    var product = martlet_outer_block()
    product.taps = taps.count
    product.left_lines = UnsafePointer(pointers)
    product.left_step = shape.stride.width * (packsLeft ? Int(kernels.height) : shape.inputChannels)
    product.left_panel_stride = slots.panelStride
    product.left_rows = block.rows.count
    product.taps_have_own_lines = merges || packsLeft ? 0 : 1
    product.right_panels = panels(block)
    product.sums = scratch.sums
    let offsets = leftOffsets(block)

    var line = lines.lowerBound
    while line < lines.upperBound {
      let count = min(step, lines.upperBound - line)
      let firstPixel = line % segments * segmentPixels
      let pixels = min(segmentPixels, shape.output.width - firstPixel)
      product.lines = count
      product.left_ahead = packsLeft ? 0 : leftAhead(lines: count, pixels: pixels)
      slots.clear()
      for l in 0..<count {
        let perLine = taps.count / lineTaps
        for tap in 0..<lineTaps {
          let row = inputRow(line: (line + l) / segments, tap: tap)
          let address = left(row: row, firstPixel: firstPixel, block, source, &slots, at: scratch.left)
          for k in 0..<perLine { pointers[(tap * perLine + k) * count + l] = address }
        }
      }
      right.read(
        outputGradient, line: line, count: count, firstPixel: firstPixel, pixels: pixels, at: scratch.right,
        &product)
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

  /// Kernel rows, each of which reads its own input row.
  private var lineTaps: Int { shape.kernel.depth * shape.kernel.height }

  /// Where a tap's first pixel and the block's first row lie in an input row, which holds its padding if it is packed.
  private func leftOffsets(_ block: Block) -> [Int] {
    taps.map { tap in
      let pixel = merges ? 0 : tap.width * shape.dilation.width
      return packsLeft
        ? pixel * Int(kernels.height)
        : (merges ? 0 : pixel - shape.paddingBefore.width) * shape.inputChannels
          + block.group * shape.inputChannelsPerGroup + block.rows.lowerBound
    }
  }

  /// Where the part of an input row lies that a segment of output pixels reads: in the source, or in a slot into which it
  /// is packed unless it is there already. Rows outside the input lie nowhere.
  private func left(
    row: Int, firstPixel: Int, _ block: Block, _ source: UnsafeRawPointer, _ slots: inout LeftSlots,
    at memory: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer? {
    guard row >= 0 else { return nil }
    guard packsLeft else {
      let width = merges ? padded.width : shape.input.width
      return source + (row * width + firstPixel * shape.stride.width) * shape.inputChannels * scalar.byteCount
    }
    let (offset, isNew) = slots.place(of: row)
    if isNew { packLeft(row: row, firstPixel: firstPixel, slots, block, source, to: memory + offset) }
    return UnsafeRawPointer(memory + offset)
  }

  /// Elements from an input pixel to the one that the next step reads in its place.
  private func leftAhead(lines: Int, pixels: Int) -> Int {
    let width = merges ? padded.width : shape.input.width
    let pixels = segments == 1 ? lines * shape.stride.height * width : pixels * shape.stride.width
    return pixels * shape.inputChannels
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
    row: Int, firstPixel: Int, _ slots: LeftSlots, _ block: Block, _ source: UnsafeRawPointer,
    to slot: UnsafeMutableRawPointer
  ) {
    let bytes = scalar.byteCount
    let start = firstPixel * shape.stride.width - shape.paddingBefore.width
    let first = max(0, start)
    let end = min(shape.input.width, start + slots.pixels)
    guard first < end else { return }
    var copy = martlet_panel_copy()
    let channel = block.group * shape.inputChannelsPerGroup + block.rows.lowerBound
    copy.source = source + ((row * shape.input.width + first) * shape.inputChannels + channel) * bytes
    copy.pixels = end - first
    copy.pixel_stride = shape.inputChannels
    copy.channels = block.rows.count
    copy.panels = slot + (first - start) * Int(kernels.height) * bytes
    copy.panel_stride = slots.panelStride
    kernels.pack_left(&copy)
  }
}
