import CMartletKernels

/// How the sums over tiles are cut into pieces, by the shape only.
struct WinogradWeightsCut {
  enum Mode: Equatable {
    /// Few channels and many tiles: a piece takes a range of tiles and makes a partial sum of the whole gradient.
    /// Tiles are transformed into the thread's own memory, some at a time.
    case tileRanges(parts: Int)
    /// Many channels: a chunk of tiles is transformed by several threads, then a piece makes a block of the gradient from
    /// all of them. As many chunks as there are strands are taken side by side, each with a gradient of its own: of the
    /// pieces of both loops a thread takes neighbours first, and so reads what it has written itself, or what threads near
    /// it have. Cores that share no cache are then as fast as others.
    case weightBlocks(strands: Int)
  }

  let shape: ConvolutionShape
  let tile: WinogradTile
  let components: WinogradComponents
  /// Where the gradient is made in the components' order before it is written.
  let polyphase: WinogradPolyphase?
  /// Where the input's components are copied to be channels side by side.
  let gathered: WinogradGatheredComponents?
  let order: WinogradTileOrder
  let slices: WinogradSlices
  let mode: Mode
  /// Tiles of a slice that are transformed together, in a run of slices.
  let chunk: Int

  /// A block of weights, in blocks of 16 input and output channels: its sums stay in the second cache. The larger it is,
  /// the less often tiles are read.
  let blockRows: Int
  static let blockColumns = 4
  /// Tiles of a chunk, if there are so many.
  private static let fewestTiles = 64

  var frequencies: Int { tile.frequencyCount }
  /// Those of all components.
  var inputChannels: Int { components.channelCount }
  /// Weights of a pair of channels in one slice, and in all.
  var planeTaps: Int { tile.taps * tile.taps }
  var kernelElements: Int { planeTaps * shape.kernel.depth }
  var gradientElements: Int { shape.outputChannels * inputChannels * kernelElements }
  /// Tiles of a slice in all images.
  var planeTiles: Int { order.count }
  var tiles: Int { planeTiles * slices.count }
  /// Taps along the depth that read inside the input; those of the others have no gradient.
  var taps: Range<Int> { slices.taps }
  /// Blocks of 16 channels.
  var inputBlocks: Int { ceilDivide(inputChannels, 16) }
  var outputBlocks: Int { ceilDivide(shape.outputChannels, 16) }
  /// Runs that the tiles of a slice are cut into.
  var planeRuns: Int { ceilDivide(planeTiles, chunk) }
  var chunks: Int { planeRuns * slices.runCount }

  /// Tiles of a slice, in a run of slices.
  struct Chunk {
    let planeTiles: Range<Int>
    let run: WinogradSlices.Run
  }

  func chunk(_ number: Int) -> Chunk {
    let run = number % planeRuns
    return Chunk(
      planeTiles: (planeTiles * run / planeRuns)..<(planeTiles * (run + 1) / planeRuns),
      run: slices.run(number / planeRuns, taps: taps))
  }

  /// Which of a chunk's tiles are multiplied at a frequency: those whose products are not zero. Of several slices it is all
  /// tiles, since those that are left out would lie between others.
  func tiles(of chunk: Chunk, atFrequency frequency: Int) -> Range<Int> {
    guard chunk.run.count == 1 else { return 0..<(chunk.planeTiles.count * chunk.run.count) }
    let tiles = chunk.planeTiles.clamped(to: order.multiplied(atFrequency: frequency))
    return (tiles.lowerBound - chunk.planeTiles.lowerBound)..<(tiles.upperBound - chunk.planeTiles.lowerBound)
  }

  /// Tiles of a slice that are multiplied, added up over the frequencies.
  var multipliedTileCount: Int {
    slices.longestRun > 1 ? frequencies * planeTiles : order.multipliedCount
  }

  init(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    self.shape = shape
    self.tile = tile
    components = WinogradComponents(shape, tile)
    polyphase = WinogradPolyphase(shape, tile, isTransposed: false)
    gathered = WinogradGatheredComponents(shape, tile)
    let phases = SpatialExtent(
      1, max(1, min(shape.dilation.height, shape.output.height)),
      max(1, min(shape.dilation.width, shape.output.width)))
    order = WinogradTileOrder(batch: shape.batch, output: shape.output, phases: phases, tile: tile)

    let frequencies = tile.frequencyCount
    let planeTiles = order.count
    let slices = WinogradSlices(
      sourceDepth: shape.input.depth, resultDepth: shape.output.depth, kernelDepth: shape.kernel.depth,
      dilation: shape.dilation.depth, origin: -shape.paddingBefore.depth)
    let tiles = planeTiles * slices.count
    let inputs = ceilDivide(components.channelCount, 16)
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
      // A large gradient takes longer to add up than its tiles to change caches.
      let isLarge = sumBytes * tile.taps * tile.taps / frequencies > 4 << 20
      let strands = isLarge || tiles < 2 * Self.fewestTiles ? 1 : 2
      // All strands fit the third cache with room to spare, but there are enough tiles to make up for reading and
      // writing the gradient each time.
      let tileBytes = strands * frequencies * (inputs + outputs) * 64
      let most = max(Self.fewestTiles, min(256, (10 << 20) / tileBytes))
      self.slices = slices.cut(longest: most)
      // As many chunks for each strand.
      let runs = roundUp(max(1, ceilDivide(planeTiles, most / self.slices.longestRun)), strands)
      chunk = max(1, ceilDivide(planeTiles, runs))
      mode = .weightBlocks(
        strands: max(1, min(strands, ceilDivide(planeTiles, chunk) * self.slices.runCount)))
    }
  }

  var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = takeComponents(&cursor)
    _ = gathered?.take(&cursor)
    switch mode {
    case .tileRanges(let parts): _ = takeGradients(parts, &cursor)
    case .weightBlocks(let strands):
      _ = takeGradients(strands, &cursor)
      for _ in 0..<strands {
        _ = takeInputTiles(&cursor)
        _ = takeGradientTiles(&cursor)
      }
    }
    return cursor.byteCount
  }

  /// Memory for the gradients of all parts but the first, which makes its own where the sum goes.
  func takeGradients(_ parts: Int, _ cursor: inout WorkspaceCursor) -> WinogradPartialGradients {
    let elements = ceilDivide(gradientElements, 16) * 16
    let memory = cursor.take((parts - 1) * elements * MemoryLayout<Float>.stride)
    return WinogradPartialGradients(
      count: parts - 1, memory: memory.assumingMemoryBound(to: Float.self), stride: elements,
      elements: gradientElements)
  }

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
    components.starts.flatMap { start in parts.map { inputImage($0, start) } }
  }

  /// All components as channels of one image, which are whole blocks.
  func gatheredImage(_ gathered: UnsafePointer<Float>) -> martlet_winograd_image {
    image(gathered, self.gathered!.grid, inputBlocks * 16, stride: 1)
  }

  private func inputImage(
    _ part: ConvolutionInputPart, _ start: WinogradComponents.Start
  ) -> martlet_winograd_image {
    var image = image(part.elements, shape.input, part.channels, stride: tile.stride)
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

  /// Without the tiles, which are those of a grid of them.
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
    image.row_step = stride * shape.dilation.height
    image.column_step = stride * shape.dilation.width
    return image
  }
}

/// Gradients of parts of a sum, to be added to that of the first part.
struct WinogradPartialGradients {
  let count: Int
  fileprivate let memory: UnsafeMutablePointer<Float>
  fileprivate let stride: Int
  fileprivate let elements: Int

  subscript(number: Int) -> UnsafeMutablePointer<Float> { memory + number * stride }

  /// Adds all of them, in their order.
  func add(to gradient: UnsafeMutablePointer<Float>) {
    guard count > 0 else { return }
    ThreadPool.parallelFor(ceilDivide(elements, 1 << 14)) { piece in
      let first = piece << 14
      for part in 0..<count {
        martlet_add_float(gradient + first, self[part] + first, min(1 << 14, elements - first))
      }
    }
  }
}
