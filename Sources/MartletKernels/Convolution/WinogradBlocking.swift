/// How the work of a Winograd convolution is cut: tiles into chunks, result channels into blocks.
///
/// A chunk's transformed source and one block of products stay in the second cache where channels are few: a piece of
/// work is then a chunk, from the source to the result. With many channels and few tiles, all chunks' sources are
/// transformed first and shared, and a piece is one chunk and one block.
struct WinogradBlocking {
  /// Some tiles of the plane, in a run of slices.
  struct Chunk {
    let planeTiles: Range<Int>
    let slices: WinogradSlices.Run
    /// Tiles of the result.
    var tileCount: Int { planeTiles.count * slices.count }
  }

  /// Panels are at most this wide, whatever the instruction set: memory is measured with it.
  static let widestPanel = 32
  /// Elements between the frequencies' blocks, so that they do not contend for the same cache lines.
  static let frequencyPad = 16
  /// Source channels and result channels of a piece of the early transform.
  static let earlySteps = 128

  let slices: WinogradSlices
  /// Tiles of the largest chunk, and of its source.
  let chunkTiles: Int
  let chunkSourceTiles: Int
  /// Whether the transformed source is shared by pieces.
  let sharesSource: Bool
  /// Whether weights are transformed where they are used, block by block, and not stored: worthwhile where only one
  /// or two chunks use them, or where they are in order, so that transforming takes no longer than reading what is
  /// stored.
  let transformsWeightsLate: Bool
  /// Source channels whose weights are transformed in one go when that is done late.
  let lateSteps: Int
  /// Blocks of result channels, the last one of up to 15 more: a rest that fills no vector is no block of its own.
  let blockCount: Int
  private let blockColumns: Int

  /// Tiles of a slice, and the runs that these are cut into.
  private let planeTileCount: Int
  private let planeRuns: Int
  let sourcePitch: Int
  let productPitch: Int
  let sourceFrequencyStride: Int
  let productFrequencyStride: Int
  /// Elements of a chunk's transformed source and of a block's products.
  let sourceElements: Int
  let productElements: Int
  private let resultChannels: Int

  /// - Parameters:
  ///   - planeTileCount: Tiles of a slice in all images.
  ///   - slices: How slices are taken, in runs of any length.
  ///   - weightsAreOrdered: Whether they are as ``WinogradWeights`` leaves them.
  init(
    _ tile: WinogradTile, planeTileCount: Int, slices: WinogradSlices, sourceChannels: Int,
    resultChannels: Int, weightsAreOrdered: Bool
  ) {
    let tileCount = planeTileCount * slices.count
    let weightBytes =
      tile.frequencyCount * slices.kernelDepth * sourceChannels * resultChannels * MemoryLayout<Float>.stride
    // Large weights are read from far away for every chunk, so chunks must be large.
    let weightsAreLarge = weightBytes > 12 << 20
    // Of few channels a tile's products take no longer than to begin them, so chunks have more tiles.
    let areFew = sourceChannels + resultChannels <= 64 && tileCount >= 8 * 48
    let preferred = weightsAreLarge ? 64 : areFew ? 48 : 24
    let fewChunks = tileCount < preferred * (weightsAreLarge ? 16 : 8)
    let half = preferred / 2
    let largest = fewChunks && !weightsAreLarge && tileCount >= half * 8 ? half : preferred
    self.planeTileCount = planeTileCount
    self.resultChannels = resultChannels
    sharesSource = tileCount < largest * (weightsAreLarge ? 16 : 8)
    let most = sharesSource ? 64 : largest
    let slices = slices.cut(longest: most)
    self.slices = slices
    planeRuns = max(1, ceilDivide(planeTileCount, most / slices.longestRun))
    let planeTiles = ceilDivide(planeTileCount, planeRuns)
    chunkTiles = planeTiles * slices.longestRun
    chunkSourceTiles = planeTiles * slices.longestSource
    let chunks = planeRuns * slices.runCount
    transformsWeightsLate = sharesSource && (chunks <= 2 || weightsAreOrdered)
    lateSteps = max(16, 128 / slices.kernelDepth / 16 * 16)
    // A rest of less than a vector joins the block before it.
    let columns = sharesSource && (transformsWeightsLate || chunks * resultChannels < 16 * 64) ? 32 : 64
    blockColumns = columns
    blockCount = max(1, ceilDivide(resultChannels - 15, columns))

    // Tiles that lie a power of two apart contend for the same places of the first cache.
    let pitch = roundUp(sourceChannels, 16)
    sourcePitch = pitch % 512 == 0 ? pitch + Self.frequencyPad : pitch
    productPitch = blockCount > 1 ? columns + 16 : roundUp(resultChannels, 16)
    sourceFrequencyStride = chunkSourceTiles * sourcePitch + Self.frequencyPad
    productFrequencyStride = chunkTiles * productPitch + Self.frequencyPad
    sourceElements = tile.frequencyCount * sourceFrequencyStride
    productElements = tile.frequencyCount * productFrequencyStride
  }

  var chunkCount: Int { planeRuns * slices.runCount }

  func chunk(_ number: Int) -> Chunk {
    let run = number % planeRuns
    return Chunk(
      planeTiles: (planeTileCount * run / planeRuns)..<(planeTileCount * (run + 1) / planeRuns),
      slices: slices.run(number / planeRuns))
  }

  /// Result channels of a block.
  func columns(ofBlock block: Int) -> Range<Int> {
    (block * blockColumns)..<(block + 1 == blockCount ? resultChannels : (block + 1) * blockColumns)
  }
}
