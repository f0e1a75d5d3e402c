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
        transformInput(first, count, run.firstSource, run.sourceCount, at: 0, products.left)
        transformGradient(first, count, run.first, run.count, at: 0, products.right)
        products.tiles = count * run.count
        products.tap_tiles = count
        multiply(products, firstChannel: 0)
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
    let (tiles, run) = (chunk.planeTiles, chunk.run)
    let start = tiles.count * group / groups
    let count = tiles.count * (group + 1) / groups - start
    guard slice < run.sourceCount, count > 0 else { return }
    let (first, place) = (tiles.lowerBound + start, slice * tiles.count + start)
    transformInput(first, count, run.firstSource + slice * cut.slices.step, 1, at: place, strand.left)
    guard slice < run.count else { return }
    transformGradient(first, count, run.first + slice * cut.slices.step, 1, at: place, strand.right)
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
      tiles: chunk.planeTiles.count * chunk.run.count, taps: cut.taps.count,
      tap_tiles: chunk.planeTiles.count, left: strand.left, right: strand.right,
      left_channels: channels.count, right_blocks: columns, sums: sums, sums_tap_stride: rows * 256,
      accumulate: 0)
    products.left.values += row * strand.left.block_stride
    products.right.values += column * strand.right.block_stride
    multiply(products, firstChannel: channels.lowerBound)

    writeGradient(
      sums, rows: channels,
      columns: column * 16..<min((column + columns) * 16, shape.outputChannels), to: strand.gradient,
      accumulate: accumulate ? 1 : 0)
  }

  /// The sums at all frequencies, of what `all` says of the first one. Those that no component has a part in are set to
  /// zero.
  ///
  /// - Parameter firstChannel: The input channel that the left operand begins with, in a block of its own.
  private func multiply(_ all: martlet_winograd_products, firstChannel: Int) {
    let channels = firstChannel..<(firstChannel + all.left_channels)
    for frequency in 0..<cut.frequencies {
      var products = all
      products.left.values += frequency * all.left.frequency_stride
      products.right.values += frequency * all.right.frequency_stride
      products.sums.values += frequency * all.sums.frequency_stride
      let multiplied = channels.clamped(to: self.multiplied[frequency])
      if multiplied.count < channels.count, all.accumulate == 0 { clear(products) }
      guard !multiplied.isEmpty else { continue }
      let firstBlock = (multiplied.lowerBound - firstChannel) / 16
      products.left.values += firstBlock * all.left.block_stride
      products.sums.values += firstBlock * 256
      products.left_channels = multiplied.upperBound - firstChannel - firstBlock * 16
      kernels.multiply(&products)
    }
  }

  private func clear(_ products: martlet_winograd_products) {
    for column in 0..<products.right_blocks {
      (products.sums.values + column * products.sums.block_stride).update(
        repeating: 0, count: products.taps * products.sums_tap_stride)
    }
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
