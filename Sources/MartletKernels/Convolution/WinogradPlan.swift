import CMartletKernels

/// A Winograd convolution as a correlation of a source with 3×3 weights, whichever pass it serves, and how its work
/// is cut. Everything here depends on shapes only.
struct WinogradPlan {
  let tile: WinogradTile
  let batch: Int
  let sourceSize: SpatialExtent
  let resultSize: SpatialExtent
  let sourceChannels: Int
  let resultChannels: Int
  let dilation: SpatialExtent
  /// Result pixel r reads source pixels r + origin + k · dilation.
  let origin: SpatialExtent
  /// Elements of the weights between neighbours along the result's and the source's channels.
  let weightColumnStride: Int
  let weightStepStride: Int
  /// Whether the source is correlated with the weights in reverse order.
  let flipsWeights: Bool

  init(forward shape: ConvolutionShape, _ tile: WinogradTile) {
    precondition(
      Winograd.supports(shape), "not a convolution that Winograd's algorithm is written for: \(shape)")
    self.tile = tile
    batch = shape.batch
    sourceSize = shape.input
    resultSize = shape.output
    sourceChannels = shape.inputChannels
    resultChannels = shape.outputChannels
    dilation = shape.dilation
    origin = SpatialExtent(0, -shape.paddingBefore.height, -shape.paddingBefore.width)
    weightColumnStride = 9 * shape.inputChannels
    weightStepStride = 9
    flipsWeights = false
    blocking = WinogradBlocking(
      tile, tileCount: Self.tileCount(shape.batch, shape.output, shape.dilation, tile),
      sourceChannels: shape.inputChannels, resultChannels: shape.outputChannels)
  }

  /// Input pixel i gets what output pixel o = i + padding − k · dilation has from tap k. With the taps in reverse
  /// order that is a correlation too.
  init(backwardData shape: ConvolutionShape, _ tile: WinogradTile) {
    precondition(
      Winograd.supports(shape), "not a convolution that Winograd's algorithm is written for: \(shape)")
    self.tile = tile
    batch = shape.batch
    sourceSize = shape.output
    resultSize = shape.input
    sourceChannels = shape.outputChannels
    resultChannels = shape.inputChannels
    dilation = shape.dilation
    origin = SpatialExtent(
      0, shape.paddingBefore.height - 2 * shape.dilation.height,
      shape.paddingBefore.width - 2 * shape.dilation.width)
    weightColumnStride = 9
    weightStepStride = 9 * shape.inputChannels
    flipsWeights = true
    blocking = WinogradBlocking(
      tile, tileCount: Self.tileCount(shape.batch, shape.input, shape.dilation, tile),
      sourceChannels: shape.outputChannels, resultChannels: shape.inputChannels)
  }

  let blocking: WinogradBlocking
  var chunkCount: Int { blocking.chunkCount }
  var isEmpty: Bool { batch * resultSize.count * resultChannels == 0 }

  // MARK: Tiles

  private static func subgrids(_ size: SpatialExtent, _ dilation: SpatialExtent) -> (Int, Int) {
    (min(dilation.height, size.height), min(dilation.width, size.width))
  }

  private static func tiles(_ size: SpatialExtent, _ dilation: SpatialExtent, _ tile: WinogradTile) -> (
    Int, Int
  ) {
    (
      ceilDivide(ceilDivide(size.height, dilation.height), tile.rawValue),
      ceilDivide(ceilDivide(size.width, dilation.width), tile.rawValue)
    )
  }

  private static func tileCount(
    _ batch: Int, _ size: SpatialExtent, _ dilation: SpatialExtent, _ tile: WinogradTile
  ) -> Int {
    let (grids, tiles) = (subgrids(size, dilation), tiles(size, dilation, tile))
    return batch * grids.0 * grids.1 * tiles.0 * tiles.1
  }

  /// A run of tiles, as the transforms number them.
  func run(of tiles: Range<Int>) -> martlet_winograd_tiles {
    martlet_winograd_tiles(
      dilation: (dilation.height, dilation.width), subgrids: Self.subgrids(resultSize, dilation),
      tiles: Self.tiles(resultSize, dilation, tile), first: tiles.lowerBound, count: tiles.count)
  }

  func sourcePlane(channels: Int) -> martlet_winograd_plane {
    plane(sourceSize, origin: (origin.height, origin.width), channels)
  }

  func resultPlane(channels: Int) -> martlet_winograd_plane {
    plane(resultSize, origin: (0, 0), channels)
  }

  /// Result pixels of a run of tiles.
  func pixelCount(of tiles: Range<Int>) -> Int {
    let grids = Self.subgrids(resultSize, dilation)
    let counts = Self.tiles(resultSize, dilation, tile)
    func pixels(_ size: Int, _ dilation: Int, _ subgrid: Int, _ tile: Int) -> Int {
      let ofSubgrid = ceilDivide(size - subgrid, dilation)
      return max(0, min(self.tile.rawValue, ofSubgrid - tile * self.tile.rawValue))
    }
    return tiles.reduce(0) { sum, number in
      let (column, rest) = (number % counts.1, number / counts.1)
      let (row, subgrid) = (rest % counts.0, rest / counts.0)
      return sum
        + pixels(resultSize.height, dilation.height, subgrid / grids.1 % grids.0, row)
        * pixels(resultSize.width, dilation.width, subgrid % grids.1, column)
    }
  }

  private func plane(_ size: SpatialExtent, origin: (Int, Int), _ pitch: Int) -> martlet_winograd_plane {
    martlet_winograd_plane(
      size: (size.height, size.width), origin: origin, image_stride: size.count * pitch,
      row_stride: size.width * pitch, column_stride: pitch)
  }

  // MARK: Memory

  /// [frequency][panel][source channel][panel width]
  var transformedWeightBytes: Int {
    tile.frequencyCount * weightFrequencyStride * MemoryLayout<Float>.stride
  }

  /// The same for every instruction set: panels are narrower where vectors are, and more.
  var weightFrequencyStride: Int {
    roundUp(resultChannels, WinogradBlocking.widestPanel) * sourceChannels + WinogradBlocking.frequencyPad
  }

  func workspaceBytes(weightsAreTransformed: Bool) -> Int {
    var cursor = WorkspaceCursor()
    _ = WinogradWorkspace(self, weightsAreTransformed: weightsAreTransformed, &cursor)
    return cursor.byteCount
  }
}

/// The parts of a Winograd convolution's workspace.
struct WinogradWorkspace {
  /// Transformed weights, if they are all transformed before they are used.
  let weights: UnsafeMutablePointer<Float>?
  /// The transformed source, if pieces share it.
  let source: UnsafeMutablePointer<Float>?

  init(_ plan: WinogradPlan, weightsAreTransformed: Bool, _ cursor: inout WorkspaceCursor) {
    let storesWeights = !weightsAreTransformed && !plan.blocking.transformsWeightsLate
    weights =
      storesWeights ? cursor.take(plan.transformedWeightBytes).assumingMemoryBound(to: Float.self) : nil
    let sourceElements = plan.blocking.chunkCount * plan.blocking.sourceElements
    source =
      plan.blocking.sharesSource
      ? cursor.take(sourceElements * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self) : nil
  }
}

@inline(__always)
func roundUp(_ a: Int, _ b: Int) -> Int { ceilDivide(a, b) * b }
