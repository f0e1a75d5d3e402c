import CMartletKernels

/// The gradient of a convolution with respect to its weights by Winograd's minimal filtering (Lavin and Gray, "Fast
/// Algorithms for Convolutional Neural Networks", 2015), in float32: of those that a ``WinogradTile`` supports, of any
/// depth.
///
/// Output pixels are taken in tiles. Of a kernel of r × r taps, one of m × m costs (m + r − 1)² multiplications for each
/// pair of channels in place of (m · r)². A dilated convolution is as many plain ones as its dilations' product, on the
/// pixels of equal phase; for one of stride 2 the polyphase components of the input are channels. For each tap along the
/// depth the tiles of one slice are multiplied by those of another.
public enum WinogradWeightGradient {
  /// Bytes of scratch memory that ``run(_:tile:input:outputGradient:weightGradient:workspace:)`` needs.
  public static func workspace(_ shape: ConvolutionShape, tile: WinogradTile) -> Int {
    WinogradWeightsCut(shape, tile).workspaceByteCount
  }

  /// Writes the gradient with respect to the weights, [output channels, input channels, depth, height, width].
  ///
  /// - Parameter input: The input's channels, in one part or several.
  public static func run(
    _ shape: ConvolutionShape, tile: WinogradTile, input: [ConvolutionInputPart],
    outputGradient: UnsafePointer<Float>, weightGradient: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutableRawPointer
  ) {
    precondition(
      tile.supports(shape), "not a convolution that Winograd's algorithm \(tile) is written for: \(shape)")
    precondition(
      input.map(\.channels).reduce(0, +) == shape.inputChannels
        && input.dropLast().allSatisfy { $0.channels % convolutionPartAlignment == 0 },
      "parts of an input do not make up its \(shape.inputChannels) channels")
    guard shape.outputElementCount > 0, shape.inputElementCount > 0 else {
      weightGradient.update(repeating: 0, count: shape.weightElementCount)
      return
    }
    let cut = WinogradWeightsCut(shape, tile)
    var cursor = WorkspaceCursor(workspace)
    let components = cut.takeComponents(&cursor)
    let gathered = cut.gathered?.take(&cursor)
    if let gathered { cut.gathered?.gather(input, to: gathered) }
    let job = WinogradWeightsJob(
      cut: cut,
      kernels: martlet_winograd_weights_table(
        InstructionSet.current.cValue, Int32(tile.outputs), Int32(tile.taps)
      ).pointee,
      input: gathered.map { [cut.gatheredImage($0)] } ?? cut.inputImages(input),
      outputGradient: cut.gradientImage(outputGradient), weightGradient: components ?? weightGradient)
    switch cut.mode {
    case .tileRanges(let parts): job.runByTileRanges(parts, &cursor)
    case .weightBlocks: job.runByWeightBlocks(&cursor)
    }
    if let components { cut.polyphase?.join(components, to: weightGradient) }
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
  let tile: WinogradTile
  /// Where the gradient is made in the components' order before it is written.
  let polyphase: WinogradPolyphase?
  /// Where the input's components are copied to be channels side by side.
  let gathered: WinogradGatheredComponents?
  let phases: SpatialExtent
  let tilesHigh: Int
  let tilesWide: Int
  let slices: WinogradSlices
  let mode: Mode
  /// Tiles of a slice that are transformed together, in a run of slices.
  let chunk: Int

  /// A block of weights, in blocks of 16 input and output channels: its sums stay in the second cache. The larger it is,
  /// the less often tiles are read.
  let blockRows: Int
  static let blockColumns = 4

  var frequencies: Int { tile.frequencyCount }
  /// Those of all components.
  var inputChannels: Int { tile.componentCount * shape.inputChannels }
  /// Weights of a pair of channels in one slice, and in all.
  var planeTaps: Int { tile.taps * tile.taps }
  var kernelElements: Int { planeTaps * shape.kernel.depth }
  var gradientElements: Int { shape.outputChannels * inputChannels * kernelElements }
  /// Tiles of a slice in all images.
  var planeTiles: Int { shape.batch * phases.count * tilesHigh * tilesWide }
  var tiles: Int { planeTiles * slices.count }
  /// Taps along the depth that read inside the input; those of the others have no gradient.
  var taps: Range<Int> { slices.taps }
  /// Blocks of 16 channels.
  var inputBlocks: Int { ceilDivide(inputChannels, 16) }
  var outputBlocks: Int { ceilDivide(shape.outputChannels, 16) }
  /// Runs that the tiles of a slice are cut into.
  var planeRuns: Int { ceilDivide(planeTiles, chunk) }
  var chunks: Int { planeRuns * slices.runCount }

  init(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    self.shape = shape
    self.tile = tile
    polyphase = WinogradPolyphase(shape, tile)
    gathered = WinogradGatheredComponents(shape, tile)
    phases = SpatialExtent(
      1, max(1, min(shape.dilation.height, shape.output.height)),
      max(1, min(shape.dilation.width, shape.output.width)))
    tilesHigh = ceilDivide(ceilDivide(shape.output.height, phases.height), tile.outputs)
    tilesWide = ceilDivide(ceilDivide(shape.output.width, phases.width), tile.outputs)

    let frequencies = tile.frequencyCount
    let planeTiles = shape.batch * phases.count * tilesHigh * tilesWide
    let slices = WinogradSlices(
      sourceDepth: shape.input.depth, resultDepth: shape.output.depth, kernelDepth: shape.kernel.depth,
      dilation: shape.dilation.depth, origin: -shape.paddingBefore.depth)
    let tiles = planeTiles * slices.count
    let inputs = ceilDivide(tile.componentCount * shape.inputChannels, 16)
    let outputs = ceilDivide(shape.outputChannels, 16)
    // Below 256 tiles a part's way back from the frequencies would show. More than 32 parts are not worth their
    // memory.
    let parts = min(32, tiles / 256, planeTiles)
    blockRows = inputs * outputs < 128 ? 2 : 4
    let sumBytes = frequencies * slices.taps.count * inputs * outputs * 1024
    if sumBytes <= 5 << 19,
      parts >= ceilDivide(inputs, blockRows) * ceilDivide(outputs, Self.blockColumns)
    {
      mode = .tileRanges(parts: parts)
      self.slices = slices.cut(longest: 64)
      chunk = 64 / self.slices.longestRun
    } else {
      mode = .weightBlocks
      // What the third cache holds, but enough tiles to make up for reading and writing the gradient each time.
      let most = max(64, min(256, (20 << 20) / (frequencies * (inputs + outputs) * 64)))
      self.slices = slices.cut(longest: most)
      let runs = ceilDivide(planeTiles, most / self.slices.longestRun)
      chunk = max(1, ceilDivide(planeTiles, max(1, runs)))
    }
  }

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = takeComponents(&cursor)
    _ = gathered?.take(&cursor)
    switch mode {
    case .tileRanges(let parts): _ = cursor.take((parts - 1) * partialByteCount)
    case .weightBlocks:
      _ = takeInputTiles(&cursor)
      _ = takeGradientTiles(&cursor)
    }
    return cursor.byteCount
  }

  /// Bytes of a part's gradient.
  var partialByteCount: Int { ceilDivide(gradientElements, 16) * 64 }

  /// Memory for the gradient in the components' order.
  func takeComponents(_ cursor: inout WorkspaceCursor) -> UnsafeMutablePointer<Float>? {
    polyphase.map { cursor.take($0.byteCount).assumingMemoryBound(to: Float.self) }
  }

  /// Memory for a chunk's transformed input.
  func takeInputTiles(_ cursor: inout WorkspaceCursor) -> martlet_winograd_tile_block {
    takeTiles(&cursor, chunk * slices.longestSource, channelBlocks: inputBlocks)
  }

  /// Memory for a chunk's transformed gradient.
  func takeGradientTiles(_ cursor: inout WorkspaceCursor) -> martlet_winograd_tile_block {
    takeTiles(&cursor, chunk * slices.longestRun, channelBlocks: outputBlocks)
  }

  /// Frequencies are a line more apart than they are long, so that they do not contend for the same sets of a cache.
  private func takeTiles(
    _ cursor: inout WorkspaceCursor, _ tiles: Int, channelBlocks: Int
  ) -> martlet_winograd_tile_block {
    let stride = channelBlocks * tiles * 16 + 16
    let memory = cursor.take(frequencies * stride * 4)
    return martlet_winograd_tile_block(
      values: memory.assumingMemoryBound(to: Float.self), frequency_stride: stride, block_stride: tiles * 16)
  }

  /// Memory for the sums of rows × columns blocks of 16 channels.
  func takeSums(_ cursor: inout WorkspaceCursor, rows: Int, columns: Int) -> martlet_winograd_tile_block {
    let block = taps.count * rows * 256
    let stride = columns * block + 16
    let memory = cursor.take(frequencies * stride * 4)
    return martlet_winograd_tile_block(
      values: memory.assumingMemoryBound(to: Float.self), frequency_stride: stride, block_stride: block)
  }

  /// Every part of every component.
  func inputImages(_ parts: [ConvolutionInputPart]) -> [martlet_winograd_image] {
    (0..<tile.componentCount).flatMap { component in parts.map { inputImage($0, component) } }
  }

  /// All components as channels of one image, which are whole blocks.
  func gatheredImage(_ gathered: UnsafePointer<Float>) -> martlet_winograd_image {
    image(gathered, tile.inputGrid(shape), inputBlocks * 16, stride: 1)
  }

  private func inputImage(_ part: ConvolutionInputPart, _ component: Int) -> martlet_winograd_image {
    var image = image(part.elements, shape.input, part.channels, stride: tile.stride)
    let start = tile.componentStart(component)
    image.top = start.row - shape.paddingBefore.height
    image.left = start.column - shape.paddingBefore.width
    image.mean = part.normalization?.mean
    image.scale = part.normalization?.scale
    image.shift = part.normalization?.shift
    image.rectify = part.normalization?.rectified == true ? 1 : 0
    return image
  }

  func gradientImage(_ pixels: UnsafePointer<Float>) -> martlet_winograd_image {
    image(pixels, shape.output, shape.outputChannels, stride: 1)
  }

  private func image(
    _ pixels: UnsafePointer<Float>, _ size: SpatialExtent, _ channels: Int, stride: Int
  ) -> martlet_winograd_image {
    var image = martlet_winograd_image()
    image.pixels = pixels
    image.image_stride = size.count * channels
    image.slice_stride = size.height * size.width * channels
    image.row_stride = size.width * channels
    image.pixel_stride = channels
    image.depth = size.depth
    image.height = size.height
    image.width = size.width
    image.channels = channels
    image.slice_step = slices.step
    image.row_step = stride * shape.dilation.height
    image.column_step = stride * shape.dilation.width
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

  func runByTileRanges(_ parts: Int, _ cursor: inout WorkspaceCursor) {
    let partialElements = cut.partialByteCount / 4
    let partials = cursor.take((parts - 1) * cut.partialByteCount).assumingMemoryBound(to: Float.self)
    ThreadPool.parallelFor(parts) { part in
      let tiles = (cut.planeTiles * part / parts)..<(cut.planeTiles * (part + 1) / parts)
      let gradient = part == 0 ? weightGradient : partials + (part - 1) * partialElements
      addTiles(tiles, gradient)
    }
    let pieces = ceilDivide(cut.gradientElements, 1 << 14)
    ThreadPool.parallelFor(pieces) { piece in
      let first = piece << 14
      let count = min(1 << 14, cut.gradientElements - first)
      for part in 1..<max(1, parts) {
        martlet_add_float(weightGradient + first, partials + (part - 1) * partialElements + first, count)
      }
    }
  }

  /// The gradient's sum over a range of a slice's tiles, in all slices.
  private func addTiles(_ planeTiles: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
    func cutScratch(_ cursor: inout WorkspaceCursor) -> martlet_winograd_products {
      martlet_winograd_products(
        frequencies: cut.frequencies, tiles: 0, taps: cut.taps.count, tap_tiles: 0,
        left: cut.takeInputTiles(&cursor), right: cut.takeGradientTiles(&cursor),
        left_channels: cut.inputChannels, right_blocks: cut.outputBlocks,
        sums: cut.takeSums(&cursor, rows: cut.inputBlocks, columns: cut.outputBlocks), accumulate: 0)
    }
    clearOtherTaps(of: gradient)
    var measure = WorkspaceCursor()
    _ = cutScratch(&measure)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    var products = cutScratch(&cursor)

    for first in stride(from: planeTiles.lowerBound, to: planeTiles.upperBound, by: cut.chunk) {
      let count = min(cut.chunk, planeTiles.upperBound - first)
      for number in 0..<cut.slices.runCount {
        let run = cut.slices.run(number, taps: cut.taps)
        transformInput(first, count, run.firstSource, run.sourceCount, at: 0, products.left)
        transformGradient(first, count, run.first, run.count, at: 0, products.right)
        products.tiles = count * run.count
        products.tap_tiles = count
        kernels.multiply(&products)
        products.accumulate = 1
      }
    }
    writeGradient(
      products.sums, rows: 0..<cut.inputChannels, columns: 0..<shape.outputChannels, to: gradient,
      accumulate: 0)
  }

  /// - Parameters:
  ///   - rows: Input channels of the sums.
  ///   - columns: Output channels of the sums.
  private func writeGradient(
    _ sums: martlet_winograd_tile_block, rows: Range<Int>, columns: Range<Int>,
    to gradient: UnsafeMutablePointer<Float>, accumulate: Int32
  ) {
    let kernel = cut.kernelElements
    var block = martlet_winograd_gradient_block(
      sums: sums, taps: cut.taps.count, left_channels: rows.count, right_channels: columns.count,
      gradient: gradient + (columns.lowerBound * cut.inputChannels + rows.lowerBound) * kernel
        + cut.taps.lowerBound * cut.planeTaps,
      gradient_stride: cut.inputChannels * kernel, kernel_stride: kernel, accumulate: accumulate)
    kernels.write_gradient(&block)
  }

  /// Taps that read nothing but padding are not computed.
  private func clearOtherTaps(of gradient: UnsafeMutablePointer<Float>) {
    guard cut.taps.count < shape.kernel.depth else { return }
    gradient.update(repeating: 0, count: cut.gradientElements)
  }

  func runByWeightBlocks(_ cursor: inout WorkspaceCursor) {
    clearOtherTaps(of: weightGradient)
    let left = cut.takeInputTiles(&cursor)
    let right = cut.takeGradientTiles(&cursor)
    let rowBlocks = ceilDivide(cut.inputBlocks, cut.blockRows)
    let columnBlocks = ceilDivide(cut.outputBlocks, WinogradWeightsCut.blockColumns)
    for chunk in 0..<cut.chunks {
      let planeRun = chunk % cut.planeRuns
      let first = cut.planeTiles * planeRun / cut.planeRuns
      let count = cut.planeTiles * (planeRun + 1) / cut.planeRuns - first
      let run = cut.slices.run(chunk / cut.planeRuns, taps: cut.taps)
      // A piece is some tiles of one slice of both operands, or of the input alone: that has more.
      let groups = ceilDivide(count, 8)
      ThreadPool.parallelFor(groups * run.sourceCount) { piece in
        let (slice, group) = (piece / groups, piece % groups)
        let start = count * group / groups
        let end = count * (group + 1) / groups
        let place = slice * count + start
        transformInput(
          first + start, end - start, run.firstSource + slice * cut.slices.step, 1, at: place, left)
        guard slice < run.count else { return }
        transformGradient(
          first + start, end - start, run.first + slice * cut.slices.step, 1, at: place, right)
      }
      // Blocks that share output channels follow each other: those are the larger operand.
      ThreadPool.parallelFor(rowBlocks * columnBlocks) { block in
        addBlock(
          row: block % rowBlocks * cut.blockRows,
          column: block / rowBlocks * WinogradWeightsCut.blockColumns, tiles: count * run.count,
          tapTiles: count, left, right, accumulate: chunk > 0)
      }
    }
  }

  /// Adds a chunk of tiles to one block of the gradient, that of blocks of 16 channels from `row` and `column` on.
  private func addBlock(
    row: Int, column: Int, tiles: Int, tapTiles: Int, _ left: martlet_winograd_tile_block,
    _ right: martlet_winograd_tile_block, accumulate: Bool
  ) {
    let rows = min(cut.blockRows, cut.inputBlocks - row)
    let columns = min(WinogradWeightsCut.blockColumns, cut.outputBlocks - column)
    let channels = row * 16..<min((row + rows) * 16, cut.inputChannels)
    var measure = WorkspaceCursor()
    _ = cut.takeSums(&measure, rows: rows, columns: columns)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    let sums = cut.takeSums(&cursor, rows: rows, columns: columns)

    var products = martlet_winograd_products(
      frequencies: cut.frequencies, tiles: tiles, taps: cut.taps.count, tap_tiles: tapTiles, left: left,
      right: right, left_channels: channels.count, right_blocks: columns, sums: sums, accumulate: 0)
    products.left.values += row * left.block_stride
    products.right.values += column * right.block_stride
    kernels.multiply(&products)

    writeGradient(
      sums, rows: channels,
      columns: column * 16..<min((column + columns) * 16, shape.outputChannels), to: weightGradient,
      accumulate: accumulate ? 1 : 0)
  }

  /// Transforms `count` tiles in each of some slices of the input, which come to lie from place `start` on.
  private func transformInput(
    _ first: Int, _ count: Int, _ firstSlice: Int, _ slices: Int, at start: Int,
    _ left: martlet_winograd_tile_block
  ) {
    var left = left
    left.values += start * 16
    for var part in input {
      part.first_slice = firstSlice
      part.slices = slices
      kernels.transform_input(&part, first, count, &left)
      left.values += part.channels / 16 * left.block_stride
    }
  }

  /// The same of the output's gradient.
  private func transformGradient(
    _ first: Int, _ count: Int, _ firstSlice: Int, _ slices: Int, at start: Int,
    _ right: martlet_winograd_tile_block
  ) {
    var (outputGradient, right) = (outputGradient, right)
    outputGradient.first_slice = firstSlice
    outputGradient.slices = slices
    right.values += start * 16
    kernels.transform_gradient(&outputGradient, first, count, &right)
  }
}
