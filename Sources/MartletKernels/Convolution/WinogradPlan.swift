import CMartletKernels

/// A Winograd convolution as a correlation of a source with weights, whichever pass it serves, and how its work is cut.
/// Everything here depends on shapes only.
///
/// One of a stride correlates with the source's polyphase components as with more channels, or makes the result's.
struct WinogradPlan {
  /// The source or the result: the images that one of them consists of, and where tiles lie in them.
  private struct Side {
    let size: SpatialExtent
    /// Where row and column 0 of the tiles lie, for each component.
    let origins: [(row: Int, column: Int)]
    /// From one pixel of a tile to the next.
    let step: (row: Int, column: Int)
  }

  let tile: WinogradTile
  private let components: WinogradComponents
  let batch: Int
  private let source: Side
  private let result: Side
  /// Those of all components.
  let sourceChannels: Int
  let resultChannels: Int
  let kernelDepth: Int
  /// From one tap to the next.
  private let dilation: SpatialExtent
  /// Pixels that tiles are laid over: those of the result, or of one of its components.
  private let grid: SpatialExtent
  /// Elements of the weights between neighbours along the result's and the source's channels.
  let weightColumnStride: Int
  let weightStepStride: Int
  /// Whether the source is correlated with the weights in reverse order.
  let flipsWeights: Bool
  /// How the weights are brought into the order of the components, if they are not there yet.
  let polyphase: WinogradPolyphase?
  /// Where the source's components are copied first: what is transformed is then one image of their channels.
  let gathered: WinogradGatheredComponents?
  let blocking: WinogradBlocking

  init(forward shape: ConvolutionShape, _ tile: WinogradTile, weightsAreOrdered: Bool = false) {
    let padding = shape.paddingBefore
    let step = tile.stride
    let components = WinogradComponents(shape, tile)
    let gathered = WinogradGatheredComponents(shape, tile)
    let source = Side(
      size: shape.input,
      origins: components.starts.map { ($0.row - padding.height, $0.column - padding.width) },
      step: (step * shape.dilation.height, step * shape.dilation.width))
    self.init(
      shape, tile, components,
      source: gathered.map { Side(size: $0.grid, origins: [(0, 0)], step: (1, 1)) } ?? source,
      gathered: gathered,
      result: Side(
        size: shape.output, origins: [(0, 0)], step: (shape.dilation.height, shape.dilation.width)),
      grid: shape.output, originDepth: -padding.depth, isTransposed: false, weightsAreOrdered)
  }

  /// Input pixel i gets what output pixel o = i + padding − k · dilation has from tap k. With the taps in reverse
  /// order that is a correlation too. Of a stride s, the component a of the input has the pixels i = s · q + a − padding,
  /// where q = o + k for tap k of its kernel.
  init(backwardData shape: ConvolutionShape, _ tile: WinogradTile, weightsAreOrdered: Bool = false) {
    let taps = tile.taps - 1
    let (dilation, padding) = (shape.dilation, shape.paddingBefore)
    let components = WinogradComponents(shape, tile)
    let grid = components.gradientGrid(shape)
    let origins = components.starts.map { start in
      let missing = components.missingTaps(start)
      return (
        row: tile.stride * (grid.first.row - missing.rows) + start.row - padding.height,
        column: tile.stride * (grid.first.column - missing.columns) + start.column - padding.width
      )
    }
    self.init(
      shape, tile, components,
      source: Side(
        size: shape.output,
        origins: [(grid.first.row - taps * dilation.height, grid.first.column - taps * dilation.width)],
        step: (dilation.height, dilation.width)),
      gathered: nil,
      result: Side(
        size: shape.input, origins: origins,
        step: (tile.stride * dilation.height, tile.stride * dilation.width)),
      grid: grid.size, originDepth: padding.depth - (shape.kernel.depth - 1) * dilation.depth,
      isTransposed: true, weightsAreOrdered)
  }

  private init(
    _ shape: ConvolutionShape, _ tile: WinogradTile, _ components: WinogradComponents, source: Side,
    gathered: WinogradGatheredComponents?, result: Side, grid: SpatialExtent,
    originDepth: Int, isTransposed: Bool, _ weightsAreOrdered: Bool
  ) {
    precondition(
      tile.supports(shape), "not a convolution that Winograd's algorithm \(tile) is written for: \(shape)")
    self.tile = tile
    self.components = components
    batch = shape.batch
    (self.source, self.result) = (source, result)
    kernelDepth = shape.kernel.depth
    dilation = shape.dilation
    self.grid = grid
    let channels = (input: components.channelCount, output: shape.outputChannels)
    let kernel = tile.taps * tile.taps * kernelDepth
    sourceChannels = isTransposed ? channels.output : channels.input
    resultChannels = isTransposed ? channels.input : channels.output
    weightColumnStride = isTransposed ? kernel : kernel * channels.input
    weightStepStride = isTransposed ? kernel * channels.input : kernel
    flipsWeights = isTransposed
    self.gathered = gathered
    polyphase = weightsAreOrdered ? nil : WinogradPolyphase(shape, tile, isTransposed: isTransposed)
    blocking = WinogradBlocking(
      tile, planeTileCount: Self.planeTileCount(batch, grid, dilation, tile),
      slices: WinogradSlices(
        sourceDepth: source.size.depth, resultDepth: result.size.depth, kernelDepth: kernelDepth,
        dilation: dilation.depth, origin: originDepth),
      sourceChannels: sourceChannels, resultChannels: resultChannels, weightsAreOrdered: weightsAreOrdered)
  }

  var chunkCount: Int { blocking.chunkCount }
  var isEmpty: Bool { resultPixelCount * resultChannels == 0 }
  /// Of the whole batch.
  var resultPixelCount: Int { batch * result.size.count }

  var sourceComponentCount: Int { source.origins.count }
  var resultComponentCount: Int { result.origins.count }
  /// Channels of one component, gathered or not.
  var sourceComponentChannels: Int {
    sourceChannels / (gathered == nil ? sourceComponentCount : components.count)
  }
  var resultComponentChannels: Int { resultChannels / resultComponentCount }

  /// The source's and the result's channels whose products are not zero, for each frequency.
  var multipliedChannels: [(source: Range<Int>, result: Range<Int>)] {
    components.channelsAtFrequencies().map {
      flipsWeights ? (0..<sourceChannels, $0) : ($0, 0..<resultChannels)
    }
  }

  // MARK: Tiles

  private static func subgrids(_ size: SpatialExtent, _ dilation: SpatialExtent) -> (Int, Int) {
    (min(dilation.height, size.height), min(dilation.width, size.width))
  }

  private static func tiles(_ size: SpatialExtent, _ dilation: SpatialExtent, _ tile: WinogradTile) -> (
    Int, Int
  ) {
    (
      ceilDivide(ceilDivide(size.height, dilation.height), tile.outputs),
      ceilDivide(ceilDivide(size.width, dilation.width), tile.outputs)
    )
  }

  /// Tiles of a slice in all images.
  private static func planeTileCount(
    _ batch: Int, _ size: SpatialExtent, _ dilation: SpatialExtent, _ tile: WinogradTile
  ) -> Int {
    let (grids, tiles) = (subgrids(size, dilation), tiles(size, dilation, tile))
    return batch * grids.0 * grids.1 * tiles.0 * tiles.1
  }

  /// Tiles of some slices of the source, as the transforms number them.
  func sourceTiles(_ planeTiles: Range<Int>, slices: Int) -> martlet_winograd_tiles {
    tiles(planeTiles, slices, of: source)
  }

  /// The same of the result.
  func resultTiles(_ planeTiles: Range<Int>, slices: Int) -> martlet_winograd_tiles {
    tiles(planeTiles, slices, of: result)
  }

  private func tiles(_ planeTiles: Range<Int>, _ slices: Int, of side: Side) -> martlet_winograd_tiles {
    martlet_winograd_tiles(
      step: side.step, subgrids: Self.subgrids(grid, dilation), tiles: Self.tiles(grid, dilation, tile),
      first: planeTiles.lowerBound, count: planeTiles.count, slices: slices)
  }

  /// A component of a part of the source as the transforms see it.
  func sourcePlane(_ component: Int = 0, firstSlice: Int, channels: Int) -> martlet_winograd_plane {
    plane(component, of: source, firstSlice, channels)
  }

  /// The same of the result.
  func resultPlane(_ component: Int = 0, firstSlice: Int, channels: Int) -> martlet_winograd_plane {
    plane(component, of: result, firstSlice, channels)
  }

  /// Result pixels of a chunk.
  func pixelCount(of chunk: WinogradBlocking.Chunk) -> Int {
    let slices = (0..<chunk.slices.count).count {
      chunk.slices.first + $0 * dilation.depth < result.size.depth
    }
    return slices * pixelCount(of: chunk.planeTiles)
  }

  private func pixelCount(of tiles: Range<Int>) -> Int {
    let grids = Self.subgrids(grid, dilation)
    let counts = Self.tiles(grid, dilation, tile)
    func pixels(_ size: Int, _ dilation: Int, _ subgrid: Int, _ tile: Int) -> Int {
      let ofSubgrid = ceilDivide(size - subgrid, dilation)
      return max(0, min(self.tile.outputs, ofSubgrid - tile * self.tile.outputs))
    }
    return tiles.reduce(0) { sum, number in
      let (column, rest) = (number % counts.1, number / counts.1)
      let (row, subgrid) = (rest % counts.0, rest / counts.0)
      return sum
        + pixels(grid.height, dilation.height, subgrid / grids.1 % grids.0, row)
        * pixels(grid.width, dilation.width, subgrid % grids.1, column)
    }
  }

  private func plane(
    _ component: Int, of side: Side, _ firstSlice: Int, _ pitch: Int
  ) -> martlet_winograd_plane {
    let (size, origin) = (side.size, side.origins[component])
    return martlet_winograd_plane(
      size: (size.height, size.width), depth: size.depth,
      origin: origin, first_slice: firstSlice,
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
  /// The weights of the source's or the result's components, if those are to be made.
  let polyphase: UnsafeMutablePointer<Float>?
  /// Transformed weights, if they are all transformed before they are used.
  let weights: UnsafeMutablePointer<Float>?
  /// The transformed source, if pieces share it.
  let source: UnsafeMutablePointer<Float>?
  /// The source's components, if they are gathered.
  let gathered: UnsafeMutablePointer<Float>?

  init(_ plan: WinogradPlan, _ cursor: inout WorkspaceCursor) {
    polyphase = plan.polyphase.map { cursor.take($0.byteCount).assumingMemoryBound(to: Float.self) }
    weights =
      plan.blocking.transformsWeightsLate
      ? nil : cursor.take(plan.transformedWeightBytes).assumingMemoryBound(to: Float.self)
    let sourceElements = plan.blocking.chunkCount * plan.blocking.sourceElements
    source =
      plan.blocking.sharesSource
      ? cursor.take(sourceElements * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self) : nil
    gathered = plan.gathered?.take(&cursor)
  }
}

@inline(__always)
func roundUp(_ a: Int, _ b: Int) -> Int { ceilDivide(a, b) * b }
