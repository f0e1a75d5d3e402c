/// How the work of a Winograd convolution is cut: tiles into chunks, result channels into blocks.
///
/// A chunk's transformed source and one block of products stay in the second cache where channels are few: a piece of
/// work is then a chunk, from the source to the result. With many channels and few tiles, all chunks' sources are
/// transformed first and shared, and a piece is one chunk and one block.
struct WinogradBlocking {
  /// Panels are at most this wide, whatever the instruction set: memory is measured with it.
  static let widestPanel = 32
  /// Elements between the frequencies' blocks, so that they do not contend for the same cache lines.
  static let frequencyPad = 16
  /// Source channels whose weights are transformed in one go when that is done late.
  static let lateSteps = 128
  /// Source channels and result channels of a piece of the early transform.
  static let earlySteps = 128

  let chunkCount: Int
  /// Tiles of the largest chunk.
  let chunkTiles: Int
  /// Whether the transformed source is shared by pieces.
  let sharesSource: Bool
  /// Whether weights are transformed where they are used, block by block, and not stored: worthwhile where only one
  /// or two chunks use them.
  let transformsWeightsLate: Bool
  /// Blocks of result channels, the last one of up to 15 more: a rest that fills no vector is no block of its own.
  let blockCount: Int
  private let blockColumns: Int

  let tileCount: Int
  let sourcePitch: Int
  let productPitch: Int
  let sourceFrequencyStride: Int
  let productFrequencyStride: Int
  /// Elements of a chunk's transformed source and of a block's products.
  let sourceElements: Int
  let productElements: Int
  private let resultChannels: Int

  init(_ tile: WinogradTile, tileCount: Int, sourceChannels: Int, resultChannels: Int) {
    let weightBytes = tile.frequencyCount * sourceChannels * resultChannels * MemoryLayout<Float>.stride
    // Large weights are read from far away for every chunk, so chunks must be large.
    let weightsAreLarge = weightBytes > 12 << 20
    let preferred = weightsAreLarge ? 64 : 24
    let fewChunks = tileCount < preferred * (weightsAreLarge ? 16 : 8)
    let half = preferred / 2
    let largest = fewChunks && !weightsAreLarge && tileCount >= half * 8 ? half : preferred
    self.tileCount = tileCount
    self.resultChannels = resultChannels
    sharesSource = tileCount < largest * (weightsAreLarge ? 16 : 8)
    let chunks = max(1, ceilDivide(tileCount, sharesSource ? 64 : largest))
    chunkCount = chunks
    chunkTiles = ceilDivide(tileCount, chunks)
    transformsWeightsLate = sharesSource && chunks <= 2
    // A rest of less than a vector joins the block before it.
    let columns = sharesSource && (transformsWeightsLate || chunks * resultChannels < 16 * 64) ? 32 : 64
    blockColumns = columns
    blockCount = max(1, ceilDivide(resultChannels - 15, columns))

    sourcePitch = roundUp(sourceChannels, 16)
    productPitch = blockCount > 1 ? columns + 16 : roundUp(resultChannels, 16)
    sourceFrequencyStride = chunkTiles * sourcePitch + Self.frequencyPad
    productFrequencyStride = chunkTiles * productPitch + Self.frequencyPad
    sourceElements = tile.frequencyCount * sourceFrequencyStride
    productElements = tile.frequencyCount * productFrequencyStride
  }

  func tiles(ofChunk chunk: Int) -> Range<Int> {
    (tileCount * chunk / chunkCount)..<(tileCount * (chunk + 1) / chunkCount)
  }

  /// Result channels of a block.
  func columns(ofBlock block: Int) -> Range<Int> {
    (block * blockColumns)..<(block + 1 == blockCount ? resultChannels : (block + 1) * blockColumns)
  }
}
