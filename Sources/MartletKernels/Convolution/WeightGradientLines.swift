import CMartletKernels

/// The sums of a part of the lines.
extension WeightGradient {
  /// A block's sums over some lines, [tap][row][column], in the thread's scratch memory.
  func addLines(
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
      product.taps_have_own_lines = merges || packsLeft ? 0 : 1
      product.left_ahead = packsLeft ? 0 : leftAhead(lines: count, pixels: pixels)

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
}
