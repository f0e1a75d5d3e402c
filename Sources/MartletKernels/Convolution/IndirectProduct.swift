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
  let scalar: RealFormat
  let kernels: martlet_gemm_kernels
  let groups: Int
  /// Channels summed over and columns made, in each group.
  let channels: Int
  let columns: Int
  /// Where in a group's weights each column and each channel lies.
  let columnOffsets: [Int]
  let channelOffsets: [Int]
  /// Where each tap's elements start in the one source row that they share; empty if each tap reads a row of its own.
  let sharedOffsets: [Int]
  /// Whether a column's weights are one run, in the order channel, tap.
  let weightsAreRuns: Bool
  /// Elements between groups, in the weights, in a source row and in an output row.
  let groupWeightStride: Int
  let groupSourceStride: Int
  let groupOutputStride: Int
  let sourceSize: SpatialExtent
  let sourceStrides: (Int, Int, Int, Int)
  let products: [IndirectProduct]

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

  /// Terms of a sum taken in one go. A panel of that many rows lies in the second cache.
  static let chunkTerms = 1024
  /// Panels are at most this wide, whatever the instruction set: workspaces are measured with it.
  static let widestPanel = 32

  /// Whether vectors run along the channels: where there are so few columns that they would leave much of a vector
  /// empty. To add up a vector's lanes costs about as much as ten products of vectors.
  var usesDots: Bool {
    let lanes = Int(kernels.lanes)
    let terms = channels * products.reduce(0) { max($0, $1.weightTaps.count) }
    return sharedOffsets.isEmpty && channels % lanes == 0 && columns <= lanes / 2
      && columns * (terms + 10 * lanes) < terms * lanes
  }

  /// Columns of a panel.
  private var panelWidth: Int { usesDots ? 1 : Int(kernels.width) }

  /// Channels of each chunk, equal but for the last. The sum over channels is cut so that the weights that a
  /// block reads again and again stay in cache.
  func chunkChannels(taps: Int) -> Int {
    // Panels of one column are small.
    if usesDots { return channels }
    let largest = max(16, Self.chunkTerms / max(1, taps) / 16 * 16)
    let chunks = ceilDivide(channels, largest)
    return ceilDivide(channels, chunks)
  }

  static func packedWeightBytes(groups: Int, channels: Int, columns: Int, taps: Int, _ scalar: RealFormat)
    -> Int
  {
    groups * channels * taps * ceilDivide(columns, widestPanel) * widestPanel * scalar.byteCount
  }

  /// Packs the weights and runs every product.
  ///
  /// - Parameters:
  ///   - packed: ``packedWeightBytes(groups:channels:columns:taps:_:)`` bytes.
  ///   - zeros: A row of zeros as long as a source row.
  func run(
    source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafeRawPointer?, rectified: Bool,
    output: UnsafeMutableRawPointer, packed: UnsafeMutableRawPointer, zeros: UnsafeRawPointer
  ) {
    let panels = ceilDivide(columns, panelWidth)
    // Where each product's packed weights start.
    var packedStarts: [Int] = []
    var packedBytes = 0
    for product in products {
      packedStarts.append(packedBytes)
      packedBytes +=
        groups * channels * product.weightTaps.count * panels * panelWidth * scalar.byteCount
    }
    pack(weights, panels: panels, packedStarts: packedStarts, to: packed)

    let blocks = rowBlocks()
    let splits = max(1, min(panels, 64 / max(1, blocks.count * groups)))
    let streams = streamsResult(output)
    ThreadPool.parallelFor(blocks.count * splits * groups) { piece in
      let group = piece % groups
      let split = piece / groups % splits
      let block = blocks[piece / (groups * splits)]
      let table = block.map.rows(
        first: block.firstRow, count: block.rows, source: source, output: output, zeros: zeros,
        in: threadScratch(block.map.byteCount(rows: block.rows)))
      runBlock(
        block, table, group: group, panels: panels,
        panelRange: (panels * split / splits)..<(panels * (split + 1) / splits),
        packed: packed + packedStarts[block.product], bias: bias, rectified: rectified, streams: streams)
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

  /// All products' pixels in blocks. The products of one convolution are of nearly one size: taken in turns, they
  /// read each part of the source while it is in cache.
  private func rowBlocks() -> [RowBlock] {
    let blocks = products.enumerated().map { index, product in
      product.regions(sourceSize: sourceSize).flatMap { region -> [RowBlock] in
        let map = PixelMap(region.product, sourceSize: sourceSize, sourceStrides: sourceStrides)
        let pixels = region.product.pixelCount
        let taps = sharedOffsets.isEmpty ? region.taps.count : sharedOffsets.count
        // Few columns read each row once: longer blocks lose nothing from cache.
        let rows = usesDots ? 4 * Self.leastBlockRows : Self.blockRows(pixels, terms: channels * taps)
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
    return !usesDots && total > Self.streamedBytes
      && (Int(bitPattern: output) | groupOutputStride * scalar.byteCount) % 64 == 0
  }

  private func runBlock(
    _ rows: RowBlock, _ table: PixelMap.Rows, group: Int, panels: Int, panelRange: Range<Int>,
    packed: UnsafeMutableRawPointer, bias: UnsafeRawPointer?, rectified: Bool, streams: Bool
  ) {
    let width = panelWidth
    let bytes = scalar.byteCount
    let firstColumn = panelRange.lowerBound * width
    let taps = products[rows.product].weightTaps.count
    let chunk = chunkChannels(taps: taps)
    let groupStart = group * channels * taps * panels * width
    for channel in stride(from: 0, to: channels, by: chunk) {
      let count = min(chunk, channels - channel)
      let isLast = channel + count == channels
      let panelStride = taps * count * width
      var block = martlet_gemm_block()
      block.rows = table.count
      block.columns = min(columns, panelRange.upperBound * width) - firstColumn
      block.taps = rows.taps.count
      block.channels = count
      block.sources = table.sources
      block.source_pitch = table.count
      block.source_offset = group * groupSourceStride + channel
      block.panels = UnsafeRawPointer(
        packed + (groupStart + taps * channel * panels * width + panelRange.lowerBound * panelStride) * bytes)
      block.panel_stride = panelStride
      block.outputs = table.outputs
      block.output_offset = group * groupOutputStride + firstColumn
      block.accumulate = channel > 0 ? 1 : 0
      if isLast {
        block.bias = bias.map { $0 + (group * groupOutputStride + firstColumn) * bytes }
        block.rectify = rectified ? 1 : 0
        // What was added to lies in cache already.
        block.stream = streams && channel == 0 ? 1 : 0
      }
      rows.taps.withUnsafeBufferPointer { taps in
        sharedOffsets.withUnsafeBufferPointer { offsets in
          block.panel_taps = taps.baseAddress
          if !offsets.isEmpty { block.tap_offsets = offsets.baseAddress }
          if usesDots { kernels.multiply_dots(&block) } else { kernels.multiply(&block) }
        }
      }
    }
  }

  /// Gives `body` where a panel's columns and all channels lie in a group's weights.
  private func withOffsets(
    ofPanel panel: Int, _ width: Int, _ body: (UnsafePointer<Int>, UnsafePointer<Int>) -> Void
  ) {
    columnOffsets[(panel * width)...].withUnsafeBufferPointer { columns in
      channelOffsets.withUnsafeBufferPointer { channels in
        guard let columns = columns.baseAddress, let channels = channels.baseAddress else { return }
        body(columns, channels)
      }
    }
  }

  /// Packs weights as [product][group][chunk][panel][tap][channel][width].
  private func pack(
    _ weights: UnsafeRawPointer, panels: Int, packedStarts: [Int], to packed: UnsafeMutableRawPointer
  ) {
    let width = panelWidth
    let bytes = scalar.byteCount
    ThreadPool.parallelFor(products.count * groups * panels) { piece in
      let panel = piece % panels
      let group = piece / panels % groups
      let index = piece / (panels * groups)
      let taps = products[index].weightTaps
      guard !taps.isEmpty else { return }
      let chunk = chunkChannels(taps: taps.count)
      var copy = martlet_weight_panel()
      copy.width = width
      copy.columns = min(width, columns - panel * width)
      copy.taps = taps.count
      copy.is_run = weightsAreRuns ? 1 : 0
      copy.weights = weights + group * groupWeightStride * bytes
      taps.withUnsafeBufferPointer { taps in
        withOffsets(ofPanel: panel, width) { columnOffsets, offsets in
          copy.tap_offsets = taps.baseAddress
          copy.column_offsets = columnOffsets
          for channel in stride(from: 0, to: channels, by: chunk) {
            let count = min(chunk, channels - channel)
            copy.channels = count
            copy.channel_offsets = offsets + channel
            let start =
              group * channels * taps.count * panels * width + taps.count * channel * panels * width
              + panel * taps.count * count * width
            copy.panel = packed + packedStarts[index] + start * bytes
            if scalar == .float32 { martlet_pack_weights_4(&copy) } else { martlet_pack_weights_8(&copy) }
          }
        }
      }
    }
  }
}
