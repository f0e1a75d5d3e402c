import CMartletKernels

/// One run, on the memory it was given.
struct WinogradWeightsJob {
  let cut: WinogradWeightsCut
  let kernels: martlet_winograd_weights_kernels
  let input: [martlet_winograd_image]
  let outputGradient: martlet_winograd_image
  let weightGradient: UnsafeMutablePointer<Float>
  /// The input's channels that are multiplied, for each frequency.
  let multiplied: [Range<Int>]

  private var shape: ConvolutionShape { cut.shape }

  func runByTileRanges(_ parts: Int, _ cursor: inout WorkspaceCursor) {
    let others = cut.takeGradients(parts, &cursor)
    ThreadPool.parallelFor(parts) { part in
      let tiles = (cut.planeTiles * part / parts)..<(cut.planeTiles * (part + 1) / parts)
      addTiles(tiles, part == 0 ? weightGradient : others[part - 1])
    }
    others.add(to: weightGradient)
  }

  /// The gradient's sum over a range of a slice's tiles, in all slices.
  private func addTiles(_ planeTiles: Range<Int>, _ gradient: UnsafeMutablePointer<Float>) {
    func cutScratch(_ cursor: inout WorkspaceCursor) -> martlet_winograd_products {
      martlet_winograd_products(
        tiles: 0, taps: cut.taps.count, tap_tiles: 0, left: cut.takeInputTiles(&cursor),
        right: cut.takeGradientTiles(&cursor), left_channels: cut.inputChannels,
        right_blocks: cut.outputBlocks,
        sums: cut.takeSums(&cursor, rows: cut.inputBlocks, columns: cut.outputBlocks),
        sums_tap_stride: cut.inputBlocks * 256, accumulate: 0)
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
        let chunk = WinogradWeightsCut.Chunk(planeTiles: first..<(first + count), run: run)
        for slice in 0..<run.sourceCount {
          transform(chunk.planeTiles, slice: slice, of: chunk, products.left, products.right)
        }
        multiply(chunk, products, firstChannel: 0)
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

  /// Chunks that are taken one after the other, and where they are transformed and added up.
  private struct Strand {
    let chunks: Range<Int>
    let left: martlet_winograd_tile_block
    let right: martlet_winograd_tile_block
    let gradient: UnsafeMutablePointer<Float>
  }

  func runByWeightBlocks(_ count: Int, _ cursor: inout WorkspaceCursor) {
    let others = cut.takeGradients(count, &cursor)
    let strands = (0..<count).map { number in
      Strand(
        chunks: (cut.chunks * number / count)..<(cut.chunks * (number + 1) / count),
        left: cut.takeInputTiles(&cursor), right: cut.takeGradientTiles(&cursor),
        gradient: number == 0 ? weightGradient : others[number - 1])
    }
    for strand in strands { clearOtherTaps(of: strand.gradient) }
    // Transforms: a piece is some tiles of one slice of both operands, or of the input alone, which has more.
    let (slices, groups) = (cut.slices.longestSource, ceilDivide(cut.chunk, 8))
    let rowBlocks = ceilDivide(cut.inputBlocks, cut.blockRows)
    let blocks = rowBlocks * ceilDivide(cut.outputBlocks, WinogradWeightsCut.blockColumns)
    for round in 0..<ceilDivide(cut.chunks, count) {
      ThreadPool.parallelFor(count * slices * groups) { piece in
        let (strand, rest) = (strands[piece / (slices * groups)], piece % (slices * groups))
        guard round < strand.chunks.count else { return }
        transform(
          cut.chunk(strand.chunks.lowerBound + round), slice: rest / groups, group: rest % groups, of: groups,
          strand)
      }
      // Blocks that share output channels follow each other: those are the larger operand.
      ThreadPool.parallelFor(count * blocks) { piece in
        let (strand, block) = (strands[piece / blocks], piece % blocks)
        guard round < strand.chunks.count else { return }
        addBlock(
          row: block % rowBlocks * cut.blockRows,
          column: block / rowBlocks * WinogradWeightsCut.blockColumns,
          cut.chunk(strand.chunks.lowerBound + round), strand, accumulate: round > 0)
      }
    }
    others.add(to: weightGradient)
  }

  /// Transforms one of the groups of tiles of a slice of a chunk.
  private func transform(
    _ chunk: WinogradWeightsCut.Chunk, slice: Int, group: Int, of groups: Int, _ strand: Strand
  ) {
    let (first, count) = (chunk.planeTiles.lowerBound, chunk.planeTiles.count)
    let tiles = (first + count * group / groups)..<(first + count * (group + 1) / groups)
    guard slice < chunk.run.sourceCount, !tiles.isEmpty else { return }
    transform(tiles, slice: slice, of: chunk, strand.left, strand.right)
  }

  /// Adds a chunk of tiles to one block of a gradient, that of blocks of 16 channels from `row` and `column` on.
  private func addBlock(
    row: Int, column: Int, _ chunk: WinogradWeightsCut.Chunk, _ strand: Strand, accumulate: Bool
  ) {
    let rows = min(cut.blockRows, cut.inputBlocks - row)
    let columns = min(WinogradWeightsCut.blockColumns, cut.outputBlocks - column)
    let channels = row * 16..<min((row + rows) * 16, cut.inputChannels)
    var measure = WorkspaceCursor()
    _ = cut.takeSums(&measure, rows: rows, columns: columns)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    let sums = cut.takeSums(&cursor, rows: rows, columns: columns)

    var products = martlet_winograd_products(
      tiles: 0, taps: cut.taps.count, tap_tiles: 0, left: strand.left, right: strand.right,
      left_channels: channels.count, right_blocks: columns, sums: sums, sums_tap_stride: rows * 256,
      accumulate: 0)
    products.left.values += row * strand.left.block_stride
    products.right.values += column * strand.right.block_stride
    multiply(chunk, products, firstChannel: channels.lowerBound)

    writeGradient(
      sums, rows: channels,
      columns: column * 16..<min((column + columns) * 16, shape.outputChannels), to: strand.gradient,
      accumulate: accumulate ? 1 : 0)
  }

  /// The sums of a chunk's tiles at all frequencies; those that have nothing to multiply are set to zero. `all` has the
  /// operands and the sums of the first one, and no tiles, which differ.
  ///
  /// - Parameter firstChannel: The input channel that the left operand begins with, in a block of its own.
  private func multiply(
    _ chunk: WinogradWeightsCut.Chunk, _ all: martlet_winograd_products, firstChannel: Int
  ) {
    let channels = firstChannel..<(firstChannel + all.left_channels)
    for frequency in 0..<cut.frequencies {
      var products = all
      products.left.values += frequency * all.left.frequency_stride
      products.right.values += frequency * all.right.frequency_stride
      products.sums.values += frequency * all.sums.frequency_stride
      let multiplied = channels.clamped(to: self.multiplied[frequency])
      let tiles = cut.tiles(of: chunk, atFrequency: frequency)
      if multiplied.count < channels.count || tiles.isEmpty, all.accumulate == 0 { clear(products) }
      guard !multiplied.isEmpty, !tiles.isEmpty else { continue }
      let firstBlock = (multiplied.lowerBound - firstChannel) / 16
      products.left.values += firstBlock * all.left.block_stride + tiles.lowerBound * 16
      products.right.values += tiles.lowerBound * 16
      products.sums.values += firstBlock * 256
      products.left_channels = multiplied.upperBound - firstChannel - firstBlock * 16
      products.tiles = tiles.count
      products.tap_tiles = chunk.planeTiles.count
      kernels.multiply(&products)
    }
  }

  private func clear(_ products: martlet_winograd_products) {
    for column in 0..<products.right_blocks {
      (products.sums.values + column * products.sums.block_stride).update(
        repeating: 0, count: products.taps * products.sums_tap_stride)
    }
  }

  /// Transforms some tiles of one of the slices that a chunk reads, of the input and, where it has that slice, of the
  /// output's gradient, to where the chunk has them.
  private func transform(
    _ tiles: Range<Int>, slice: Int, of chunk: WinogradWeightsCut.Chunk, _ left: martlet_winograd_tile_block,
    _ right: martlet_winograd_tile_block
  ) {
    let run = chunk.run
    let place = slice * chunk.planeTiles.count + tiles.lowerBound - chunk.planeTiles.lowerBound
    var left = left
    left.values += place * 16
    for part in input {
      transform(
        tiles, of: part, slice: run.firstSource + slice * cut.slices.step, left, kernels.transform_input)
      left.values += part.channels / 16 * left.block_stride
    }
    guard slice < run.count else { return }
    var right = right
    right.values += place * 16
    transform(
      tiles, of: outputGradient, slice: run.first + slice * cut.slices.step, right, kernels.transform_gradient
    )
  }

  private func transform(
    _ tiles: Range<Int>, of image: martlet_winograd_image, slice: Int, _ to: martlet_winograd_tile_block,
    _ kernel: martlet_winograd_tile_transform
  ) {
    var to = to
    cut.order.forEachGrid(of: tiles) { grid, numbers in
      var image = grid.part(of: image, tile: cut.tile)
      image.slice = slice
      kernel(&image, numbers.lowerBound, numbers.count, &to)
      to.values += numbers.count * 16
    }
  }
}
