import CMartletKernels

/// The gradient of a 3×3 convolution of stride 1 with respect to its weights by Winograd's minimal filtering
/// (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015), in float32.
///
/// Output pixels are taken in tiles of `tile` × `tile`, 4 or 2. A tile costs (tile + 2)² multiplications for each
/// pair of channels in place of 9 · tile²: a quarter for 4, 4/9 for 2. The larger tile rounds more. A dilated
/// convolution is as many plain ones as its dilations' product, on the pixels of equal phase.
public enum WinogradWeightGradient {
  /// Bytes of scratch memory that ``run(_:tile:input:outputGradient:weightGradient:workspace:)`` needs.
  public static func workspace(_ shape: ConvolutionShape, tile: WinogradTile) -> Int {
    WinogradWeightsCut(shape, tile: tile.rawValue).workspaceByteCount
  }

  /// Writes the gradient with respect to the weights, [output channels, input channels, 3, 3].
  ///
  /// - Parameter input: The input's channels, in one part or several.
  public static func run(
    _ shape: ConvolutionShape, tile: WinogradTile, input: [ConvolutionInputPart],
    outputGradient: UnsafePointer<Float>, weightGradient: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutableRawPointer
  ) {
    let tile = tile.rawValue
    precondition(
      Winograd.supports(shape), "not a convolution that Winograd's algorithm is written for: \(shape)")
    precondition(
      input.map(\.channels).reduce(0, +) == shape.inputChannels
        && input.dropLast().allSatisfy { $0.channels % convolutionPartAlignment == 0 },
      "parts of an input do not make up its \(shape.inputChannels) channels")
    guard shape.outputElementCount > 0, shape.inputElementCount > 0 else {
      weightGradient.update(repeating: 0, count: shape.weightElementCount)
      return
    }
    let cut = WinogradWeightsCut(shape, tile: tile)
    let job = WinogradWeightsJob(
      cut: cut, kernels: martlet_winograd_weights_table(InstructionSet.current.cValue, tile).pointee,
      input: input.map(cut.inputImage), outputGradient: cut.gradientImage(outputGradient),
      weightGradient: weightGradient)
    switch cut.mode {
    case .tileRanges(let parts): job.runByTileRanges(parts, workspace)
    case .weightBlocks: job.runByWeightBlocks(workspace)
    }
  }
}

/// How the sums over tiles are cut into pieces, by the shape only.
struct WinogradWeightsCut {
  enum Mode: Equatable {
    /// Few channels and many tiles: a piece takes a range of tiles and makes a partial sum of the whole gradient.
    /// Tiles are transformed into the thread's own memory, some at a time.
    case tileRanges(parts: Int)
    /// Many channels: some tiles are transformed by all threads together, then a piece makes a block of the
    /// gradient from all of them.
    case weightBlocks
  }

  let shape: ConvolutionShape
  let tile: Int
  let phases: SpatialExtent
  let tilesHigh: Int
  let tilesWide: Int
  let mode: Mode
  /// Tiles that are transformed together.
  let chunk: Int

  /// A block of weights, in blocks of 16 input and output channels: its sums stay in the second cache.
  static let blockRows = 2
  static let blockColumns = 4

  var frequencies: Int { (tile + 2) * (tile + 2) }
  var tiles: Int { shape.batch * phases.count * tilesHigh * tilesWide }
  /// Blocks of 16 channels.
  var inputBlocks: Int { ceilDivide(shape.inputChannels, 16) }
  var outputBlocks: Int { ceilDivide(shape.outputChannels, 16) }
  var chunks: Int { ceilDivide(tiles, chunk) }

  init(_ shape: ConvolutionShape, tile: Int) {
    self.shape = shape
    self.tile = tile
    phases = SpatialExtent(
      1, max(1, min(shape.dilation.height, shape.output.height)),
      max(1, min(shape.dilation.width, shape.output.width)))
    tilesHigh = ceilDivide(ceilDivide(shape.output.height, phases.height), tile)
    tilesWide = ceilDivide(ceilDivide(shape.output.width, phases.width), tile)

    let frequencies = (tile + 2) * (tile + 2)
    let tiles = shape.batch * phases.count * tilesHigh * tilesWide
    let inputs = ceilDivide(shape.inputChannels, 16)
    let outputs = ceilDivide(shape.outputChannels, 16)
    // Below 256 tiles a part's way back from the frequencies would show. More than 32 parts are not worth their
    // memory.
    let parts = min(32, tiles / 256)
    let sumBytes = frequencies * inputs * outputs * 1024
    if sumBytes <= 5 << 19,
      parts >= ceilDivide(inputs, Self.blockRows) * ceilDivide(outputs, Self.blockColumns)
    {
      mode = .tileRanges(parts: parts)
      chunk = 64
    } else {
      mode = .weightBlocks
      // What the third cache holds, but enough tiles to make up for reading and writing the gradient each time.
      let most = max(64, min(256, (20 << 20) / (frequencies * (inputs + outputs) * 64)))
      let evened = ceilDivide(tiles, max(1, ceilDivide(tiles, most)))
      chunk = max(1, evened)
    }
  }

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    switch mode {
    case .tileRanges(let parts): _ = cursor.take((parts - 1) * partialByteCount)
    case .weightBlocks:
      _ = takeTiles(&cursor, channelBlocks: inputBlocks)
      _ = takeTiles(&cursor, channelBlocks: outputBlocks)
    }
    return cursor.byteCount
  }

  /// Bytes of a part's gradient.
  var partialByteCount: Int { ceilDivide(shape.weightElementCount, 16) * 64 }

  /// Memory for a chunk of transformed tiles. Frequencies are a line more apart than they are long, so that they do
  /// not contend for the same sets of a cache.
  func takeTiles(_ cursor: inout WorkspaceCursor, channelBlocks: Int) -> martlet_winograd_tile_block {
    let stride = channelBlocks * chunk * 16 + 16
    let memory = cursor.take(frequencies * stride * 4)
    return martlet_winograd_tile_block(
      values: memory.assumingMemoryBound(to: Float.self), frequency_stride: stride, block_stride: chunk * 16)
  }

  /// Memory for the sums of rows × columns blocks of 16 channels.
  func takeSums(_ cursor: inout WorkspaceCursor, rows: Int, columns: Int) -> martlet_winograd_tile_block {
    let stride = rows * columns * 256 + 16
    let memory = cursor.take(frequencies * stride * 4)
    return martlet_winograd_tile_block(
      values: memory.assumingMemoryBound(to: Float.self), frequency_stride: stride, block_stride: rows * 256)
  }

  func inputImage(_ part: ConvolutionInputPart) -> martlet_winograd_image {
    var image = image(part.elements, shape.input, part.channels)
    image.top = -shape.paddingBefore.height
    image.left = -shape.paddingBefore.width
    image.mean = part.normalization?.mean
    image.scale = part.normalization?.scale
    image.shift = part.normalization?.shift
    image.rectify = part.normalization?.rectified == true ? 1 : 0
    return image
  }

  func gradientImage(_ pixels: UnsafePointer<Float>) -> martlet_winograd_image {
    image(pixels, shape.output, shape.outputChannels)
  }

  private func image(
    _ pixels: UnsafePointer<Float>, _ size: SpatialExtent, _ channels: Int
  ) -> martlet_winograd_image {
    var image = martlet_winograd_image()
    image.pixels = pixels
    image.image_stride = size.height * size.width * channels
    image.row_stride = size.width * channels
    image.pixel_stride = channels
    image.height = size.height
    image.width = size.width
    image.channels = channels
    image.row_step = shape.dilation.height
    image.column_step = shape.dilation.width
    image.row_phases = phases.height
    image.column_phases = phases.width
    image.tiles_high = tilesHigh
    image.tiles_wide = tilesWide
    return image
  }
}

/// One run, on the memory it was given.
private struct WinogradWeightsJob {
  let cut: WinogradWeightsCut
  let kernels: martlet_winograd_weights_kernels
  let input: [martlet_winograd_image]
  let outputGradient: martlet_winograd_image
  let weightGradient: UnsafeMutablePointer<Float>

  private var shape: ConvolutionShape { cut.shape }

  func runByTileRanges(_ parts: Int, _ workspace: UnsafeMutableRawPointer) {
    let partialElements = cut.partialByteCount / 4
    let partials = workspace.assumingMemoryBound(to: Float.self)
    ThreadPool.parallelFor(parts) { part in
      let tiles = (cut.tiles * part / parts)..<(cut.tiles * (part + 1) / parts)
      let gradient = part == 0 ? weightGradient : partials + (part - 1) * partialElements
      addTiles(tiles, gradient)
    }
    let pieces = ceilDivide(shape.weightElementCount, 1 << 14)
    ThreadPool.parallelFor(pieces) { piece in
      let first = piece << 14
      let count = min(1 << 14, shape.weightElementCount - first)
      for part in 1..<max(1, parts) {
        martlet_add_float(weightGradient + first, partials + (part - 1) * partialElements + first, count)
      }
    }
  }

  /// The gradient's sum over a range of tiles.
  private func addTiles(_ tiles: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
    func cutScratch(_ cursor: inout WorkspaceCursor) -> martlet_winograd_products {
      martlet_winograd_products(
        frequencies: cut.frequencies, tiles: 0, left: cut.takeTiles(&cursor, channelBlocks: cut.inputBlocks),
        right: cut.takeTiles(&cursor, channelBlocks: cut.outputBlocks), left_blocks: cut.inputBlocks,
        right_blocks: cut.outputBlocks,
        sums: cut.takeSums(&cursor, rows: cut.inputBlocks, columns: cut.outputBlocks), accumulate: 0)
    }
    var measure = WorkspaceCursor()
    _ = cutScratch(&measure)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    var products = cutScratch(&cursor)

    var first = tiles.lowerBound
    while first < tiles.upperBound {
      let count = min(cut.chunk, tiles.upperBound - first)
      transform(first, count, at: 0, products.left, products.right)
      products.tiles = count
      kernels.multiply(&products)
      products.accumulate = 1
      first += count
    }
    var block = martlet_winograd_gradient_block(
      sums: products.sums, left_channels: shape.inputChannels, right_channels: shape.outputChannels,
      gradient: gradient, gradient_stride: shape.inputChannels * 9, accumulate: 0)
    kernels.write_gradient(&block)
  }

  func runByWeightBlocks(_ workspace: UnsafeMutableRawPointer) {
    var cursor = WorkspaceCursor(workspace)
    let left = cut.takeTiles(&cursor, channelBlocks: cut.inputBlocks)
    let right = cut.takeTiles(&cursor, channelBlocks: cut.outputBlocks)
    let rowBlocks = ceilDivide(cut.inputBlocks, WinogradWeightsCut.blockRows)
    let columnBlocks = ceilDivide(cut.outputBlocks, WinogradWeightsCut.blockColumns)
    for chunk in 0..<cut.chunks {
      let first = cut.tiles * chunk / cut.chunks
      let count = cut.tiles * (chunk + 1) / cut.chunks - first
      let groups = ceilDivide(count, 8)
      ThreadPool.parallelFor(groups) { group in
        let start = count * group / groups
        transform(first + start, count * (group + 1) / groups - start, at: start, left, right)
      }
      // Blocks that share output channels follow each other: those are the larger operand.
      ThreadPool.parallelFor(rowBlocks * columnBlocks) { block in
        addBlock(
          row: block % rowBlocks * WinogradWeightsCut.blockRows,
          column: block / rowBlocks * WinogradWeightsCut.blockColumns, tiles: count, left, right,
          accumulate: chunk > 0)
      }
    }
  }

  /// Adds a chunk of tiles to one block of the gradient, that of blocks of 16 channels from `row` and `column` on.
  private func addBlock(
    row: Int, column: Int, tiles: Int, _ left: martlet_winograd_tile_block,
    _ right: martlet_winograd_tile_block,
    accumulate: Bool
  ) {
    let rows = min(WinogradWeightsCut.blockRows, cut.inputBlocks - row)
    let columns = min(WinogradWeightsCut.blockColumns, cut.outputBlocks - column)
    var measure = WorkspaceCursor()
    _ = cut.takeSums(&measure, rows: rows, columns: columns)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    let sums = cut.takeSums(&cursor, rows: rows, columns: columns)

    var products = martlet_winograd_products(
      frequencies: cut.frequencies, tiles: tiles, left: left, right: right, left_blocks: rows,
      right_blocks: columns, sums: sums, accumulate: 0)
    products.left.values += row * left.block_stride
    products.right.values += column * right.block_stride
    kernels.multiply(&products)

    var block = martlet_winograd_gradient_block(
      sums: sums, left_channels: min(rows * 16, shape.inputChannels - row * 16),
      right_channels: min(columns * 16, shape.outputChannels - column * 16),
      gradient: weightGradient + (column * 16 * shape.inputChannels + row * 16) * 9,
      gradient_stride: shape.inputChannels * 9, accumulate: accumulate ? 1 : 0)
    kernels.write_gradient(&block)
  }

  /// Transforms `count` tiles of both operands, which come to lie from place `start` on.
  private func transform(
    _ first: Int, _ count: Int, at start: Int, _ left: martlet_winograd_tile_block,
    _ right: martlet_winograd_tile_block
  ) {
    var outputGradient = outputGradient
    var (left, right) = (left, right)
    left.values += start * 16
    right.values += start * 16
    for var part in input {
      kernels.transform_input(&part, first, count, &left)
      left.values += part.channels / 16 * left.block_stride
    }
    kernels.transform_gradient(&outputGradient, first, count, &right)
  }
}
