import CMartletKernels

/// How the sum over pixels of input ⊗ output gradient is cut.
///
/// A piece makes a block of the weights, all taps of some input channels × some output channels, over a part of
/// the lines (rows of output pixels). Every tap of a kernel row reads the same input line, packed if windows
/// overlap, from its own offset and for the pixels for which that lies inside. If the lines are cut, the parts' sums
/// are added in order.
struct WeightGradient {
  let shape: ConvolutionShape
  let scalar: RealFormat
  let kernels: martlet_gemm_kernels
  /// Taps that read their own lines or offsets, and the elements of a run that each reads.
  let taps: [SpatialExtent]
  let rows: Int
  /// Where in a group's weights the rows, the columns and the taps lie.
  let rowOffsets: [Int]
  let columnOffsets: [Int]
  let tapOffsets: [Int]
  let merges: Bool
  let padded: PaddedRows
  /// Whether input lines are packed; where one tap reads each pixel, they are read where they lie.
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
    var shape = original.mergingPatches
    swapsOperands = Self.isBetterSwapped(shape)
    var rowOffsets = original.channelOffsets(inRuns: shape.mergesKernelRows || original.mergesPatches)
    var columnOffsets = original.filterOffsets
    if swapsOperands {
      swap(&shape.inputChannels, &shape.outputChannels)
      swap(&rowOffsets, &columnOffsets)
    }
    self.rowOffsets = rowOffsets
    self.columnOffsets = columnOffsets
    self.shape = shape
    self.scalar = scalar
    kernels = gemmKernels(scalar)
    merges = shape.mergesKernelRows
    taps = shape.taps(mergingRows: merges)
    tapOffsets = taps.map(original.weightOffset)
    rows = merges ? shape.kernel.width * shape.inputChannels : shape.inputChannelsPerGroup
    padded = PaddedRows(shape, scalar)
    packsLeft = !merges && shape.windowsOverlap

    segments = ceilDivide(shape.output.width, 320)
    segmentPixels = ceilDivide(shape.output.width, segments)
    let columns = shape.outputChannelsPerGroup
    let widest = WeightPanels.widest
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
      rows * ceilDivide(columns, WeightPanels.widest)
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

  /// A range of rows (input channels, or elements of a kernel row) × columns (output channels) of one group.
  struct Block {
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

  func panels(_ block: Block) -> Int { ceilDivide(block.columns.count, Int(kernels.width)) }
  func sumElements(_ block: Block) -> Int {
    taps.count * block.rows.count * panels(block) * Int(kernels.width)
  }
}
