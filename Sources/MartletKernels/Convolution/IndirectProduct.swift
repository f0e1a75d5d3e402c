import CMartletKernels

/// One product of an implicit GEMM: a grid of pixels, each the sum over taps of a source row times that tap's
/// weights. A convolution is one of them; its backward-data pass is one for each phase of the stride.
///
/// Nothing is gathered in memory: rows are read through tables of pointers that are made block by block.
struct IndirectProduct {
  /// Grid of pixels [batch, depth, height, width].
  var grid: (Int, Int, Int, Int)
  /// Source coordinate = grid coordinate · step + tap offset.
  var step: SpatialExtent
  var tapOffsets: [SpatialExtent]
  /// Offsets of the taps' weights.
  var weightTaps: [Int]
  /// Bytes from one pixel to the next along batch, depth, height and width, and to grid pixel 0.
  var outputStrides: (Int, Int, Int, Int)
  var outputOffset = 0

  var pixelCount: Int { grid.0 * grid.1 * grid.2 * grid.3 }
}

/// What the products of one convolution share, and how their work is cut.
struct IndirectProductPlan {
  let kernels: martlet_gemm_kernels
  let weights: WeightPanels
  /// Where each tap's elements start in the one source row that they share; empty if each tap reads a row of its own.
  let sharedOffsets: [Int]
  /// Elements between groups, in a source row and in an output row.
  let groupSourceStride: Int
  let groupOutputStride: Int
  let sourceSize: SpatialExtent
  let sourceStrides: (Int, Int, Int, Int)
  var products: [IndirectProduct]
  /// Whether taps that read nothing but padding are left out.
  var leavesPaddingOut = true

  private var scalar: RealFormat { weights.scalar }
  private var groups: Int { weights.groups }
  private var channels: Int { weights.channels }
  private var columns: Int { weights.columns }

  /// Rows of a block at least: enough to read a slice of weights seldom.
  private static let leastBlockRows = 192
  /// Source elements of a block of short rows: no more than stay in the second cache.
  private static let blockElements = 48 << 10
  /// Blocks that any number of threads can share evenly.
  private static let enoughBlocks = 64

  /// Rows of a block, of `rows` rows that each add up `terms` products.
  static func blockRows(_ rows: Int, terms: Int) -> Int {
    max(leastBlockRows, min(blockElements / max(1, terms), ceilDivide(rows, enoughBlocks)))
  }

  /// Whether no result is written before its sum is complete.
  var sumsAtOnce: Bool {
    products.allSatisfy { weights.chunkChannels(taps: $0.weightTaps.count) >= channels }
  }

  /// What every pixel of a run reads and writes.
  struct Operands {
    var source: UnsafeRawPointer
    /// As ``WeightPanels/pack(_:to:)`` leaves them.
    var panels: UnsafeRawPointer
    /// What sums are multiplied by that are whole numbers, one for each column of all groups; or nil.
    var scales: UnsafePointer<Float>?
    /// A number for each column of all groups, or nil.
    var bias: UnsafeRawPointer?
    /// Added to the output, which it is as large as, before it is rectified; or nil. It may be the output's memory where
    /// ``sumsAtOnce``.
    var addend: UnsafeRawPointer?
    /// Whether negative results become zero.
    var rectified: Bool
    var output: UnsafeMutableRawPointer
    /// A row of zeros as long as a source row.
    var zeros: UnsafeRawPointer
  }

  /// Runs every product.
  func run(_ operands: Operands) {
    let panels = weights.panelCount
    let blocks = rowBlocks()
    let splits = max(1, min(panels, 64 / max(1, blocks.count * groups)))
    let addsInPlace = operands.addend == UnsafeRawPointer(operands.output)
    precondition(!addsInPlace || sumsAtOnce, "a sum in pieces would overwrite what is added to it")
    // A line that was just read is not written past the caches.
    let streams = !addsInPlace && streamsResult(operands.output)
    ThreadPool.parallelFor(blocks.count * splits * groups) { piece in
      let group = piece % groups
      let split = piece / groups % splits
      let block = blocks[piece / (groups * splits)]
      let table = block.map.rows(
        first: block.firstRow, count: block.rows, source: operands.source, output: operands.output,
        zeros: operands.zeros, in: threadScratch(block.map.byteCount(rows: block.rows)))
      runBlock(
        block, table, group: group,
        panelRange: (panels * split / splits)..<(panels * (split + 1) / splits), operands, streams: streams)
    }
  }

  /// Some pixels of a part of a product's grid.
  private struct RowBlock {
    let product: Int
    let taps: [Int]
    let map: PixelMap
    let firstRow: Int
    let rows: Int
  }

  private func regions(of product: IndirectProduct) -> [ProductRegion] {
    leavesPaddingOut
      ? product.regions(sourceSize: sourceSize)
      : [ProductRegion(product: product, taps: Array(product.weightTaps.indices))]
  }

  /// All products' pixels in blocks. The products of one convolution are of nearly one size: taken in turns, they
  /// read each part of the source while it is in cache.
  private func rowBlocks() -> [RowBlock] {
    let blocks = products.enumerated().map { index, product in
      regions(of: product).flatMap { region -> [RowBlock] in
        let map = PixelMap(region.product, sourceSize: sourceSize, sourceStrides: sourceStrides)
        let pixels = region.product.pixelCount
        let taps = sharedOffsets.isEmpty ? region.taps.count : sharedOffsets.count
        // Few columns read each row once: longer blocks lose nothing from cache.
        let rows = weights.usesDots ? 4 * Self.leastBlockRows : Self.blockRows(pixels, terms: channels * taps)
        let count = ceilDivide(pixels, rows)
        return (0..<count).map { block in
          let first = pixels * block / count
          let end = pixels * (block + 1) / count
          return RowBlock(
            product: index, taps: sharedOffsets.isEmpty ? region.taps : Array(product.weightTaps.indices),
            map: map, firstRow: first, rows: end - first)
        }
      }
    }
    let longest = blocks.map(\.count).max() ?? 0
    return (0..<longest).flatMap { turn in blocks.compactMap { turn < $0.count ? $0[turn] : nil } }
  }

  /// Results that no cache holds until they are read again are written past the caches.
  static let streamedBytes = 12 << 20

  private func streamsResult(_ output: UnsafeMutableRawPointer) -> Bool {
    let pixel = groups * groupOutputStride * scalar.byteCount
    let total = products.reduce(0) { $0 + $1.pixelCount } * pixel
    return !weights.usesDots && total > Self.streamedBytes
      && (Int(bitPattern: output) | groupOutputStride * scalar.byteCount) % 64 == 0
  }

  private func runBlock(
    _ rows: RowBlock, _ table: PixelMap.Rows, group: Int, panelRange: Range<Int>, _ operands: Operands,
    streams: Bool
  ) {
    let width = weights.width
    let bytes = scalar.byteCount
    let firstColumn = panelRange.lowerBound * width
    let taps = products[rows.product].weightTaps.count
    let chunk = weights.chunkChannels(taps: taps)
    let productStart = weights.start(ofProduct: rows.product)
    for channel in stride(from: 0, to: channels, by: chunk) {
      let count = min(chunk, channels - channel)
      let isLast = channel + count == channels
      let panelStride = taps * count * width
      var block = martlet_gemm_block()
      block.rows = table.count
      block.columns = min(columns, panelRange.upperBound * width) - firstColumn
      block.taps = rows.taps.count
      block.channels = count
      block.panel_channels = count
      block.sources = table.sources
      block.source_pitch = table.count
      block.source_offset = group * groupSourceStride + channel
      block.panels =
        operands.panels
        + (productStart + weights.start(ofGroup: group, channel: channel, taps: taps)
          + panelRange.lowerBound * panelStride) * bytes
      block.panel_stride = panelStride
      block.outputs = table.outputs
      block.output_offset = group * groupOutputStride + firstColumn
      block.accumulate = channel > 0 ? 1 : 0
      block.scales = operands.scales.map { UnsafeRawPointer($0 + group * groupOutputStride + firstColumn) }
      if isLast {
        block.bias = operands.bias.map { $0 + (group * groupOutputStride + firstColumn) * bytes }
        if let addend = operands.addend {
          block.adds = 1
          block.addend_distance = Int(bitPattern: addend) - Int(bitPattern: operands.output)
        }
        block.rectify = operands.rectified ? 1 : 0
        // What was added to lies in cache already.
        block.stream = streams && channel == 0 ? 1 : 0
      }
      rows.taps.withUnsafeBufferPointer { taps in
        sharedOffsets.withUnsafeBufferPointer { offsets in
          block.panel_taps = taps.baseAddress
          if !offsets.isEmpty { block.tap_offsets = offsets.baseAddress }
          if weights.usesDots { kernels.multiply_dots(&block) } else { kernels.multiply(&block) }
        }
      }
    }
  }
}
