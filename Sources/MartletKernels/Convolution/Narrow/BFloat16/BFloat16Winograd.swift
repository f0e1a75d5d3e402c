import CMartletKernels

/// A Winograd convolution whose products take operands in bfloat16: transforms and sums are float32, and the transformed
/// source and weights are rounded. Work is cut as in ``WinogradRun``.
struct BFloat16Winograd {
  let plan: WinogradPlan
  private let blocking: WinogradBlocking
  private let weights: BFloat16WinogradWeights
  private let gemm: martlet_gemm_kernels
  private let kernels: martlet_winograd_kernels
  private let transformInput: @convention(c) (UnsafePointer<martlet_winograd_input>?) -> Void

  /// Pairs from one tile of the transformed source to the next, and from one frequency to the next.
  private let sourcePitch: Int
  private let sourceFrequencyStride: Int

  init(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    plan = WinogradPlan(forward: shape, tile)
    blocking = plan.blocking
    weights = BFloat16WinogradWeights(shape, tile)
    let narrow = bfloat16Kernels()
    gemm = narrow.products
    kernels = winogradKernels(tile)
    transformInput =
      switch tile {
      case .two: narrow.transform_input_2
      case .three: narrow.transform_input_3
      case .four: narrow.transform_input_4
      case .strided, .stem: preconditionFailure("no strided Winograd convolutions in bfloat16: \(shape)")
      }
    sourcePitch =
      spacedRowBytes(roundUp(plan.sourceChannels, 32) * MemoryLayout<UInt16>.stride) / bfloat16PairBytes
    sourceFrequencyStride = blocking.chunkSourceTiles * sourcePitch + WinogradBlocking.frequencyPad
  }

  static func supports(_ shape: ConvolutionShape, _ tile: WinogradTile) -> Bool {
    tile.stride == 1 && tile.supports(shape) && shape.inputChannels % 2 == 0
  }

  private var chunkSourceBytes: Int {
    plan.tile.frequencyCount * sourceFrequencyStride * bfloat16PairBytes
  }

  var workspaceByteCount: Int { blocking.sharesSource ? blocking.chunkCount * chunkSourceBytes : 0 }

  func run(_ operands: NarrowOperands, workspace: UnsafeMutableRawPointer) {
    guard !plan.isEmpty else { return }
    guard blocking.sharesSource else {
      return ThreadPool.parallelFor(blocking.chunkCount) { number in
        let chunk = blocking.chunk(number)
        let scratch = Scratch(self, holdsSource: true)
        transformSource(
          operands, chunk.planeTiles, firstSlice: chunk.slices.firstSource, slices: chunk.slices.sourceCount,
          to: scratch.source)
        scratch.pointRows(to: scratch.source, self)
        for block in 0..<blocking.blockCount { multiply(operands, chunk, block, scratch) }
      }
    }
    transformSharedSource(operands, to: workspace)
    ThreadPool.parallelFor(blocking.chunkCount * blocking.blockCount) { piece in
      let (number, block) = (piece / blocking.blockCount, piece % blocking.blockCount)
      let scratch = Scratch(self, holdsSource: false)
      scratch.pointRows(to: workspace + number * chunkSourceBytes, self)
      multiply(operands, blocking.chunk(number), block, scratch)
    }
  }

  /// Tiles of a piece of the shared transform.
  private static let sharedTiles = 8

  private func transformSharedSource(_ operands: NarrowOperands, to shared: UnsafeMutableRawPointer) {
    let slices = blocking.slices.longestSource
    let runs = ceilDivide(blocking.chunkSourceTiles, slices * Self.sharedTiles)
    ThreadPool.parallelFor(blocking.chunkCount * slices * runs) { piece in
      let (number, slice, run) = (piece / runs / slices, piece / runs % slices, piece % runs)
      let chunk = blocking.chunk(number)
      guard slice < chunk.slices.sourceCount else { return }
      let tiles = chunk.planeTiles
      let first = tiles.count * run / runs
      transformSource(
        operands, (tiles.lowerBound + first)..<(tiles.lowerBound + tiles.count * (run + 1) / runs),
        firstSlice: chunk.slices.firstSource + slice * blocking.slices.step, slices: 1,
        to: shared + number * chunkSourceBytes
          + (slice * tiles.count + first) * sourcePitch * bfloat16PairBytes)
    }
  }

  private func transformSource(
    _ operands: NarrowOperands, _ planeTiles: Range<Int>, firstSlice: Int, slices: Int,
    to frequencies: UnsafeMutableRawPointer
  ) {
    var call = martlet_winograd_input()
    call.tiles = plan.sourceTiles(planeTiles, slices: slices)
    call.frequency_stride = 2 * sourceFrequencyStride
    call.tile_stride = 2 * sourcePitch
    var channel = 0
    for part in operands.source {
      call.plane = plan.sourcePlane(firstSlice: firstSlice, channels: part.channels)
      call.source = part.elements
      call.channels = part.channels
      call.frequencies = frequencies + channel * MemoryLayout<UInt16>.stride
      transformInput(&call)
      channel += part.channels
    }
  }

  private func multiply(
    _ operands: NarrowOperands, _ chunk: WinogradBlocking.Chunk, _ block: Int, _ scratch: Scratch
  ) {
    let columns = blocking.columns(ofBlock: block)
    let taps = chunk.slices.taps
    var product = martlet_gemm_block()
    product.rows = chunk.tileCount
    // Whole vectors: rows of products have room for them, and panels hold zeros there.
    product.columns = roundUp(columns.count, Int(gemm.lanes))
    product.taps = taps.count
    product.channels = plan.sourceChannels / 2
    product.panel_channels = product.channels
    product.sources = UnsafePointer(scratch.sourceRows)
    // The next tap reads a slice further on.
    product.source_pitch = chunk.planeTiles.count
    product.panel_stride = weights.panelStride
    product.outputs = UnsafePointer(scratch.productRows)
    let panels =
      operands.weights
      + weights.start(column: columns.lowerBound, tap: taps.lowerBound) * bfloat16PairBytes
    for frequency in 0..<plan.tile.frequencyCount {
      product.source_offset = frequency * sourceFrequencyStride
      product.panels = panels + frequency * weights.frequencyStride * bfloat16PairBytes
      product.output_offset = frequency * blocking.productFrequencyStride
      gemm.multiply(&product)
    }

    var call = martlet_winograd_output()
    call.tiles = plan.resultTiles(chunk.planeTiles, slices: chunk.slices.count)
    call.plane = plan.resultPlane(firstSlice: chunk.slices.first, channels: plan.resultChannels)
    call.frequencies = UnsafePointer(scratch.products)
    call.frequency_stride = blocking.productFrequencyStride
    call.tile_stride = blocking.productPitch
    call.result = operands.result + columns.lowerBound
    call.channels = columns.count
    call.bias = operands.bias.map { $0 + columns.lowerBound }
    call.addend = operands.addend.map { $0 + columns.lowerBound }
    call.rectify = operands.rectified ? 1 : 0
    kernels.transform_output(&call)
  }

  /// The calling thread's scratch memory during one piece of work.
  private struct Scratch {
    let sourceRows: UnsafeMutablePointer<UnsafeRawPointer?>
    let productRows: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    let products: UnsafeMutablePointer<Float>
    let source: UnsafeMutableRawPointer

    init(_ winograd: BFloat16Winograd, holdsSource: Bool) {
      var measure = WorkspaceCursor()
      _ = Scratch(winograd, holdsSource, &measure)
      var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
      self = Scratch(winograd, holdsSource, &cursor)
    }

    private init(_ winograd: BFloat16Winograd, _ holdsSource: Bool, _ cursor: inout WorkspaceCursor) {
      let blocking = winograd.blocking
      let pointer = MemoryLayout<UnsafeRawPointer>.stride
      sourceRows = cursor.take(blocking.chunkSourceTiles * pointer)
        .assumingMemoryBound(to: UnsafeRawPointer?.self)
      productRows = cursor.take(blocking.chunkTiles * pointer)
        .assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
      products = cursor.take(blocking.productElements * MemoryLayout<Float>.stride)
        .assumingMemoryBound(to: Float.self)
      source = cursor.take(holdsSource ? winograd.chunkSourceBytes : 0)
    }

    func pointRows(to source: UnsafeRawPointer, _ winograd: BFloat16Winograd) {
      for i in 0..<winograd.blocking.chunkSourceTiles {
        sourceRows[i] = source + i * winograd.sourcePitch * bfloat16PairBytes
      }
      for i in 0..<winograd.blocking.chunkTiles {
        productRows[i] = UnsafeMutableRawPointer(products + i * winograd.blocking.productPitch)
      }
    }
  }
}
