import CMartletKernels

/// What one run of a Winograd convolution reads and writes.
struct WinogradOperands {
  enum Weights {
    /// In PyTorch's order.
    case plain(UnsafePointer<Float>)
    /// By ``WinogradWeightTransform``.
    case transformed(UnsafePointer<Float>)
  }

  let source: UnsafePointer<Float>
  let weights: Weights
  let bias: UnsafePointer<Float>?
  let rectified: Bool
  let hooks: WinogradHooks
  let result: UnsafeMutablePointer<Float>
}

/// Runs a Winograd convolution: the source's transform, a product for each frequency, the result's transform.
struct WinogradRun {
  private let plan: WinogradPlan
  private let blocking: WinogradBlocking
  private let operands: WinogradOperands
  private let gemm: martlet_gemm_kernels
  private let kernels: martlet_winograd_kernels
  private let frequencies: Int
  private let streams: Bool

  init(_ plan: WinogradPlan, _ operands: WinogradOperands) {
    self.plan = plan
    self.operands = operands
    blocking = plan.blocking
    gemm = gemmKernels(.float32)
    kernels = winogradKernels(plan.tile)
    frequencies = plan.tile.frequencyCount
    let pixel = (operands.hooks.resultPitch ?? plan.resultChannels) * MemoryLayout<Float>.stride
    streams =
      plan.batch * plan.resultSize.count * pixel > Self.streamedBytes && plan.resultChannels % 16 == 0
      && (Int(bitPattern: operands.result) | pixel) % 64 == 0
  }

  /// Results that no cache holds until they are read again are written past the caches.
  private static let streamedBytes = 32 << 20
  /// Tiles of a piece of the shared transform.
  private static let sharedTiles = 8

  func run(workspace: UnsafeMutableRawPointer) {
    guard !plan.isEmpty else { return }
    var cursor = WorkspaceCursor(workspace)
    var weights: WinogradOperands.Weights = operands.weights
    switch operands.weights {
    case .transformed: runChunks(weights, WinogradWorkspace(plan, weightsAreTransformed: true, &cursor))
    case .plain(let plain):
      let parts = WinogradWorkspace(plan, weightsAreTransformed: false, &cursor)
      if let stored = parts.weights {
        WinogradWeightTransform(plan).transformAll(plain, to: stored)
        weights = .transformed(stored)
      }
      runChunks(weights, parts)
    }
  }

  private func runChunks(_ weights: WinogradOperands.Weights, _ workspace: WinogradWorkspace) {
    guard let shared = workspace.source else {
      return ThreadPool.parallelFor(blocking.chunkCount) { chunk in
        let scratch = PieceScratch(plan, holdsSource: true)
        let tiles = blocking.tiles(ofChunk: chunk)
        transformSource(tiles, to: scratch.source!)
        scratch.pointRows(to: scratch.source!, blocking)
        for block in 0..<blocking.blockCount { multiply(chunk, tiles, block, weights, scratch) }
      }
    }
    let runs = ceilDivide(blocking.chunkTiles, Self.sharedTiles)
    ThreadPool.parallelFor(blocking.chunkCount * runs) { piece in
      let (chunk, run) = (piece / runs, piece % runs)
      let tiles = blocking.tiles(ofChunk: chunk)
      let first = tiles.count * run / runs
      transformSource(
        (tiles.lowerBound + first)..<(tiles.lowerBound + tiles.count * (run + 1) / runs),
        to: shared + chunk * blocking.sourceElements + first * blocking.sourcePitch)
    }
    ThreadPool.parallelFor(blocking.chunkCount * blocking.blockCount) { piece in
      let (chunk, block) = (piece / blocking.blockCount, piece % blocking.blockCount)
      let scratch = PieceScratch(plan, holdsSource: false)
      scratch.pointRows(to: shared + chunk * blocking.sourceElements, blocking)
      multiply(chunk, blocking.tiles(ofChunk: chunk), block, weights, scratch)
    }
  }

  private func transformSource(_ tiles: Range<Int>, to frequencies: UnsafeMutablePointer<Float>) {
    var call = martlet_winograd_input()
    call.tiles = plan.run(of: tiles)
    call.plane = plan.sourcePlane(pitch: operands.hooks.sourcePitch)
    call.source = operands.source
    call.channels = plan.sourceChannels
    call.scale = operands.hooks.inputAffine?.scale
    call.shift = operands.hooks.inputAffine?.shift
    call.frequencies = frequencies
    call.frequency_stride = blocking.sourceFrequencyStride
    call.tile_stride = blocking.sourcePitch
    kernels.transform_input(&call)
  }

  /// The products of a chunk for one block of result channels, and their result.
  private func multiply(
    _ chunk: Int, _ tiles: Range<Int>, _ block: Int, _ weights: WinogradOperands.Weights,
    _ scratch: PieceScratch
  ) {
    let columns = blocking.columns(ofBlock: block)
    let channels = plan.sourceChannels
    switch weights {
    case .transformed(let transformed):
      multiply(
        rows: tiles.count, columns: columns.count, steps: 0..<channels,
        panels: transformed + columns.lowerBound * channels, frequencyStride: plan.weightFrequencyStride,
        scratch)
    case .plain(let plain):
      let transform = WinogradWeightTransform(plan)
      for step in stride(from: 0, to: channels, by: WinogradBlocking.lateSteps) {
        let steps = step..<min(channels, step + WinogradBlocking.lateSteps)
        transform.transformBlock(
          plain, columns: columns, steps: steps, to: scratch.weights!,
          frequencyStride: scratch.weightFrequencyStride)
        multiply(
          rows: tiles.count, columns: columns.count, steps: steps, panels: scratch.weights!,
          frequencyStride: scratch.weightFrequencyStride, scratch)
      }
    }
    transformResult(chunk, tiles, columns, scratch)
  }

  /// products += source × weights for some source channels, the first of which set the products.
  private func multiply(
    rows: Int, columns: Int, steps: Range<Int>, panels: UnsafePointer<Float>, frequencyStride: Int,
    _ scratch: PieceScratch
  ) {
    var product = martlet_gemm_block()
    product.rows = rows
    product.columns = columns
    product.taps = 1
    product.channels = steps.count
    product.sources = UnsafePointer(scratch.sourceRows)
    product.source_pitch = rows
    product.panel_stride = steps.count * Int(gemm.width)
    product.outputs = UnsafePointer(scratch.productRows)
    product.accumulate = steps.lowerBound > 0 ? 1 : 0
    for frequency in 0..<frequencies {
      product.source_offset = frequency * blocking.sourceFrequencyStride + steps.lowerBound
      product.panels = UnsafeRawPointer(panels + frequency * frequencyStride)
      product.output_offset = frequency * blocking.productFrequencyStride
      gemm.multiply(&product)
    }
  }

  private func transformResult(_ chunk: Int, _ tiles: Range<Int>, _ columns: Range<Int>, _ scratch: PieceScratch) {
    var call = martlet_winograd_output()
    call.tiles = plan.run(of: tiles)
    call.plane = plan.resultPlane(pitch: operands.hooks.resultPitch)
    call.frequencies = UnsafePointer(scratch.products)
    call.frequency_stride = blocking.productFrequencyStride
    call.tile_stride = blocking.productPitch
    call.result = operands.result + columns.lowerBound
    call.channels = columns.count
    call.bias = operands.bias.map { $0 + columns.lowerBound }
    call.rectify = operands.rectified ? 1 : 0
    call.stream = streams ? 1 : 0
    if let moments = operands.hooks.outputMoments {
      call.pivot = moments.pivot + columns.lowerBound
      call.sums = moments.partials + 2 * chunk * plan.resultChannels + columns.lowerBound
      call.squares = call.sums + plan.resultChannels
    }
    kernels.transform_output(&call)
  }
}

/// The calling thread's scratch memory during one piece of work.
private struct PieceScratch {
  let sourceRows: UnsafeMutablePointer<UnsafeRawPointer?>
  let productRows: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let products: UnsafeMutablePointer<Float>
  let source: UnsafeMutablePointer<Float>?
  /// A block of weights that is transformed late.
  let weights: UnsafeMutablePointer<Float>?
  let weightFrequencyStride: Int

  init(_ plan: WinogradPlan, holdsSource: Bool) {
    var measure = WorkspaceCursor()
    _ = PieceScratch(plan, holdsSource, &measure)
    var cursor = WorkspaceCursor(threadScratch(measure.byteCount))
    self = PieceScratch(plan, holdsSource, &cursor)
  }

  private init(_ plan: WinogradPlan, _ holdsSource: Bool, _ cursor: inout WorkspaceCursor) {
    let blocking = plan.blocking
    func floats(_ count: Int, _ cursor: inout WorkspaceCursor) -> UnsafeMutablePointer<Float> {
      cursor.take(count * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
    }
    let rowBytes = blocking.chunkTiles * MemoryLayout<UnsafeRawPointer>.stride
    sourceRows = cursor.take(rowBytes).assumingMemoryBound(to: UnsafeRawPointer?.self)
    productRows = cursor.take(rowBytes).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    products = floats(blocking.productElements, &cursor)
    source = holdsSource ? floats(blocking.sourceElements, &cursor) : nil
    weightFrequencyStride =
      roundUp(blocking.productPitch, WinogradBlocking.widestPanel)
      * min(plan.sourceChannels, WinogradBlocking.lateSteps) + WinogradBlocking.frequencyPad
    weights =
      blocking.transformsWeightsLate ? floats(plan.tile.frequencyCount * weightFrequencyStride, &cursor) : nil
  }

  /// Makes the rows of the products' left operands and results those of a chunk's source and of the scratch.
  func pointRows(to source: UnsafePointer<Float>, _ blocking: WinogradBlocking) {
    for i in 0..<blocking.chunkTiles {
      sourceRows[i] = UnsafeRawPointer(source + i * blocking.sourcePitch)
      productRows[i] = UnsafeMutableRawPointer(products + i * blocking.productPitch)
    }
  }
}
