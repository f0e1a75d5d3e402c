import CMartletKernels

/// Input rows that are packed for a step: those that several lines and taps read are packed once.
struct LeftSlots {
  /// Input pixels that a segment reads, padding included.
  let pixels: Int
  /// Elements from a panel of a row to the next; 0 where rows are read where they lie.
  let panelStride: Int
  let byteCount: Int
  private let slotBytes: Int
  /// The row in each slot that is taken.
  private var rows: [Int] = []

  init(_ gradient: WeightGradient, _ block: WeightGradient.Block, lines: Int) {
    let shape = gradient.shape
    let height = Int(gradient.kernels.height)
    pixels =
      (gradient.segmentPixels - 1) * shape.stride.width + (shape.kernel.width - 1) * shape.dilation.width + 1
    panelStride = gradient.packsLeft ? pixels * height : 0
    slotBytes = ceilDivide(block.rows.count, height) * panelStride * gradient.scalar.byteCount
    byteCount = lines * shape.kernel.depth * shape.kernel.height * slotBytes
  }

  mutating func clear() { rows.removeAll(keepingCapacity: true) }

  /// The place of a row in bytes, and whether nothing is there yet.
  mutating func place(of row: Int) -> (offset: Int, isNew: Bool) {
    // Rows come back soon: the last are the likeliest.
    if let slot = rows.lastIndex(of: row) { return (slot * slotBytes, false) }
    rows.append(row)
    return ((rows.count - 1) * slotBytes, true)
  }
}

/// The output's gradient of a block's columns: packed, unless its columns fill their panels, which are then read where
/// they lie.
struct RightPanels {
  private let gradient: WeightGradient
  private let columns: Range<Int>
  private let packs: Bool
  private let panelStride: Int
  let byteCount: Int

  init(_ gradient: WeightGradient, _ block: WeightGradient.Block, lines: Int) {
    let width = Int(gradient.kernels.width)
    self.gradient = gradient
    let first = block.group * gradient.columns
    columns = first + block.columns.lowerBound..<first + block.columns.upperBound
    packs = columns.count % width != 0
    panelStride = packs ? lines * gradient.segmentPixels * width : width
    byteCount = packs ? gradient.panels(block) * panelStride * gradient.scalar.byteCount : 0
  }

  /// Says where `count` lines' gradients lie.
  func read(
    _ outputGradient: UnsafeRawPointer, line: Int, count: Int, firstPixel: Int, pixels: Int,
    at memory: UnsafeMutableRawPointer, _ product: inout martlet_outer_block
  ) {
    let shape = gradient.shape
    let pixel = line / gradient.segments * shape.output.width + firstPixel
    let source =
      outputGradient + (pixel * shape.outputChannels + columns.lowerBound) * gradient.scalar.byteCount
    if packs {
      var copy = martlet_panel_copy()
      copy.source = source
      copy.pixels = count * pixels
      copy.pixel_stride = shape.outputChannels
      copy.channels = columns.count
      copy.panels = memory
      copy.panel_stride = panelStride
      gradient.kernels.pack_right(&copy)
    }
    product.right = packs ? UnsafeRawPointer(memory) : source
    product.right_panel_stride = panelStride
    product.right_step = packs ? Int(gradient.kernels.width) : shape.outputChannels
    product.right_line_stride = pixels * product.right_step
    product.right_ahead = packs ? 0 : count * pixels * shape.outputChannels
  }
}
