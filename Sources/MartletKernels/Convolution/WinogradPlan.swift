import CMartletKernels

/// A Winograd convolution as a correlation of a source with weights that are 3×3 in the plane, whichever pass it
/// serves, and how its work is cut. Everything here depends on shapes only.
struct WinogradPlan {
  let tile: WinogradTile
  let batch: Int
  let sourceSize: SpatialExtent
  let resultSize: SpatialExtent
  let sourceChannels: Int
  let resultChannels: Int
  let kernelDepth: Int
  let dilation: SpatialExtent
  /// Result pixel r reads source pixels r + origin + k · dilation.
  let origin: SpatialExtent
  /// Elements of the weights between neighbours along the result's and the source's channels.
  let weightColumnStride: Int
  let weightStepStride: Int
  /// Whether the source is correlated with the weights in reverse order.
  let flipsWeights: Bool

  init(forward shape: ConvolutionShape, _ tile: WinogradTile, weightsAreOrdered: Bool = false) {
    precondition(
      Winograd.supports(shape), "not a convolution that Winograd's algorithm is written for: \(shape)")
    self.tile = tile
    batch = shape.batch
    sourceSize = shape.input
    resultSize = shape.output
    sourceChannels = shape.inputChannels
    resultChannels = shape.outputChannels
    kernelDepth = shape.kernel.depth
    dilation = shape.dilation
    origin = shape.sourceOffset(SpatialExtent(0, 0, 0))
    weightColumnStride = 9 * kernelDepth * shape.inputChannels
    weightStepStride = 9 * kernelDepth
    flipsWeights = false
    blocking = Self.blocking(
      shape, tile, shape.input, shape.output, origin, sourceChannels, resultChannels, weightsAreOrdered)
  }

  /// Input pixel i gets what output pixel o = i + padding − k · dilation has from tap k. With the taps in reverse
  /// order that is a correlation too.
  init(backwardData shape: ConvolutionShape, _ tile: WinogradTile, weightsAreOrdered: Bool = false) {
    precondition(
      Winograd.supports(shape), "not a convolution that Winograd's algorithm is written for: \(shape)")
    self.tile = tile
    batch = shape.batch
    sourceSize = shape.output
    resultSize = shape.input
    sourceChannels = shape.outputChannels
    resultChannels = shape.inputChannels
    kernelDepth = shape.kernel.depth
    dilation = shape.dilation
    let last = shape.sourceOffset(SpatialExtent(shape.kernel.depth - 1, 2, 2))
    origin = SpatialExtent(-last.depth, -last.height, -last.width)
    weightColumnStride = 9 * kernelDepth
    weightStepStride = 9 * kernelDepth * shape.inputChannels
    flipsWeights = true
    blocking = Self.blocking(
      shape, tile, shape.output, shape.input, origin, sourceChannels, resultChannels, weightsAreOrdered)
  }

  private static func blocking(
    _ shape: ConvolutionShape, _ tile: WinogradTile, _ source: SpatialExtent, _ result: SpatialExtent,
    _ origin: SpatialExtent, _ sourceChannels: Int, _ resultChannels: Int, _ weightsAreOrdered: Bool
  ) -> WinogradBlocking {
    WinogradBlocking(
      tile, planeTileCount: planeTileCount(shape.batch, result, shape.dilation, tile),
      slices: WinogradSlices(
        sourceDepth: source.depth, resultDepth: result.depth, kernelDepth: shape.kernel.depth,
        dilation: shape.dilation.depth, origin: origin.depth),
      sourceChannels: sourceChannels, resultChannels: resultChannels, weightsAreOrdered: weightsAreOrdered)
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

  /// Tiles of a slice in all images.
  private static func planeTileCount(
    _ batch: Int, _ size: SpatialExtent, _ dilation: SpatialExtent, _ tile: WinogradTile
  ) -> Int {
    let (grids, tiles) = (subgrids(size, dilation), tiles(size, dilation, tile))
    return batch * grids.0 * grids.1 * tiles.0 * tiles.1
  }

  /// Tiles of some slices, as the transforms number them.
  func run(of planeTiles: Range<Int>, slices: Int) -> martlet_winograd_tiles {
    martlet_winograd_tiles(
      dilation: (dilation.height, dilation.width), subgrids: Self.subgrids(resultSize, dilation),
      tiles: Self.tiles(resultSize, dilation, tile), first: planeTiles.lowerBound, count: planeTiles.count,
      slices: slices)
  }

  func sourcePlane(firstSlice: Int, channels: Int) -> martlet_winograd_plane {
    plane(sourceSize, origin: (origin.height, origin.width), firstSlice: firstSlice, channels)
  }

  func resultPlane(firstSlice: Int, channels: Int) -> martlet_winograd_plane {
    plane(resultSize, origin: (0, 0), firstSlice: firstSlice, channels)
  }

  /// Result pixels of a chunk.
  func pixelCount(of chunk: WinogradBlocking.Chunk) -> Int {
    let slices = (0..<chunk.slices.count).count {
      chunk.slices.first + $0 * dilation.depth < resultSize.depth
    }
    return slices * pixelCount(of: chunk.planeTiles)
  }

  private func pixelCount(of tiles: Range<Int>) -> Int {
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

  private func plane(
    _ size: SpatialExtent, origin: (Int, Int), firstSlice: Int, _ pitch: Int
  ) -> martlet_winograd_plane {
    martlet_winograd_plane(
      size: (size.height, size.width), depth: size.depth, origin: origin, first_slice: firstSlice,
      slice_step: dilation.depth, image_stride: size.count * pitch,
      slice_stride: size.height * size.width * pitch, row_stride: size.width * pitch, column_stride: pitch)
  }

  // MARK: Memory

  /// [frequency][panel][tap along the depth][source channel][panel width]
  var transformedWeightBytes: Int {
    tile.frequencyCount * weightFrequencyStride * MemoryLayout<Float>.stride
  }

  /// The same for every instruction set: panels are narrower where vectors are, and more.
  var weightFrequencyStride: Int {
    roundUp(resultChannels, WinogradBlocking.widestPanel) * kernelDepth * sourceChannels
      + WinogradBlocking.frequencyPad
  }

  var workspaceBytes: Int {
    var cursor = WorkspaceCursor()
    _ = WinogradWorkspace(self, &cursor)
    return cursor.byteCount
  }
}

/// The parts of a Winograd convolution's workspace.
struct WinogradWorkspace {
  /// Transformed weights, if they are all transformed before they are used.
  let weights: UnsafeMutablePointer<Float>?
  /// The transformed source, if pieces share it.
  let source: UnsafeMutablePointer<Float>?

  init(_ plan: WinogradPlan, _ cursor: inout WorkspaceCursor) {
    weights =
      plan.blocking.transformsWeightsLate
      ? nil : cursor.take(plan.transformedWeightBytes).assumingMemoryBound(to: Float.self)
    let sourceElements = plan.blocking.chunkCount * plan.blocking.sourceElements
    source =
      plan.blocking.sharesSource
      ? cursor.take(sourceElements * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self) : nil
  }
}

@inline(__always)
func roundUp(_ a: Int, _ b: Int) -> Int { ceilDivide(a, b) * b }
