import CMartletKernels

/// What one run of a Winograd convolution reads and writes.
struct WinogradOperands {
  let source: [ConvolutionInputPart]
  let weights: WinogradWeightTransform.Source
  let bias: UnsafePointer<Float>?
  /// Added to the result, which is then of one part, before it is rectified.
  var addend: UnsafePointer<Float>?
  let rectified: Bool
  /// [chunk][pivot, sum, sum of squares][result channels], as the output transform leaves them.
  let moments: UnsafeMutablePointer<Float>?
  let result: [ConvolutionOutputPart]
}

/// Runs a Winograd convolution: the source's transform, a product for each frequency, the result's transform.
struct WinogradRun {
  private let plan: WinogradPlan
  private let blocking: WinogradBlocking
  private let operands: WinogradOperands
  /// What is transformed: the operands', or their gathered components.
  private let source: [ConvolutionInputPart]
  private let workspace: WinogradWorkspace
  private let transform: WinogradWeightTransform
  private let gemm: martlet_gemm_kernels
  private let kernels: martlet_winograd_kernels
  private let frequencies: Int
  /// The channels that are multiplied at each.
  private let multiplied: [(source: Range<Int>, result: Range<Int>)]
  /// Whether there are products that are not.
  private let hasOtherProducts: Bool

  init(_ plan: WinogradPlan, _ operands: WinogradOperands, workspace: UnsafeMutableRawPointer) {
    self.plan = plan
    self.operands = operands
    var cursor = WorkspaceCursor(workspace)
    self.workspace = WinogradWorkspace(plan, &cursor)
    transform = WinogradWeightTransform(
      plan, self.workspace.polyphase.map { .plain(UnsafePointer($0)) } ?? operands.weights)
    blocking = plan.blocking
    gemm = gemmKernels(.float32)
    kernels = winogradKernels(plan.tile)
    frequencies = plan.tile.frequencyCount
    multiplied = plan.multipliedChannels
    hasOtherProducts = multiplied.contains { $0.result.count < plan.resultChannels }
    if let gathered = plan.gathered, let memory = self.workspace.gathered {
      source = [gathered.part(memory)]
    } else {
      source = operands.source
    }
    precondition(
      operands.source.map(\.channels).reduce(0, +) == plan.sourceComponentChannels
        && operands.source.dropLast().allSatisfy { $0.channels % convolutionPartAlignment == 0 },
      "parts of a source do not make up its \(plan.sourceComponentChannels) channels")
    precondition(
      operands.result.map(\.channels).reduce(0, +) * plan.resultComponentCount == plan.resultChannels,
      "parts of a result do not make up its \(plan.resultChannels) channels")
  }

  /// Whether a part of the result is written past the caches: it must fill whole lines.
  private func streams(_ part: ConvolutionOutputPart) -> Bool {
    let pixel = part.channels * MemoryLayout<Float>.stride
    // A line that was just read, to add to it in its place, is not written past them.
    return plan.resultPixelCount * pixel > Self.streamedBytes
      && operands.addend != UnsafePointer(part.elements)
      && (Int(bitPattern: part.elements) | pixel) % 64 == 0
  }

  /// Results that no cache holds until they are read again are written past the caches.
  private static let streamedBytes = 12 << 20
  /// Tiles of a piece of the shared transform.
  private static let sharedTiles = 8

  func run() {
    guard !plan.isEmpty else { return }
    if let components = workspace.polyphase, case .plain(let weights) = operands.weights {
      plan.polyphase?.split(weights, to: components)
    }
    if let gathered = workspace.gathered { plan.gathered?.gather(operands.source, to: gathered) }
    if let weights = workspace.weights { transform.transformAll(to: weights) }
    runChunks()
  }

  private func runChunks() {
    let weights = workspace.weights.map { UnsafePointer($0) }
    guard let shared = workspace.source else {
      return ThreadPool.parallelFor(blocking.chunkCount) { number in
        let scratch = PieceScratch(plan, holdsSource: true)
        let chunk = blocking.chunk(number)
        transformSource(
          chunk.planeTiles, firstSlice: chunk.slices.firstSource, slices: chunk.slices.sourceCount,
          to: scratch.source!)
        scratch.pointRows(to: scratch.source!, blocking)
        for block in 0..<blocking.blockCount { multiply(number, chunk, block, weights, scratch) }
      }
    }
    transformSharedSource(to: shared)
    ThreadPool.parallelFor(blocking.chunkCount * blocking.blockCount) { piece in
      let (number, block) = (piece / blocking.blockCount, piece % blocking.blockCount)
      let scratch = PieceScratch(plan, holdsSource: false)
      scratch.pointRows(to: shared + number * blocking.sourceElements, blocking)
      multiply(number, blocking.chunk(number), block, weights, scratch)
    }
  }

  /// The sources of all chunks; a piece is some tiles of one slice.
  private func transformSharedSource(to shared: UnsafeMutablePointer<Float>) {
    let slices = blocking.slices.longestSource
    let runs = ceilDivide(blocking.chunkSourceTiles, slices * Self.sharedTiles)
    ThreadPool.parallelFor(blocking.chunkCount * slices * runs) { piece in
      let (number, slice, run) = (piece / runs / slices, piece / runs % slices, piece % runs)
      let chunk = blocking.chunk(number)
      guard slice < chunk.slices.sourceCount else { return }
      let tiles = chunk.planeTiles
      let first = tiles.count * run / runs
      transformSource(
        (tiles.lowerBound + first)..<(tiles.lowerBound + tiles.count * (run + 1) / runs),
        firstSlice: chunk.slices.firstSource + slice * blocking.slices.step, slices: 1,
        to: shared + number * blocking.sourceElements
          + (slice * tiles.count + first) * blocking.sourcePitch)
    }
  }

  private func transformSource(
    _ planeTiles: Range<Int>, firstSlice: Int, slices: Int, to frequencies: UnsafeMutablePointer<Float>
  ) {
    var call = martlet_winograd_input()
    call.tiles = plan.sourceTiles(planeTiles, slices: slices)
    call.frequency_stride = blocking.sourceFrequencyStride
    call.tile_stride = blocking.sourcePitch
    var first = 0
    for part in source {
      call.source = part.elements
      call.channels = part.channels
      call.mean = part.normalization?.mean
      call.scale = part.normalization?.scale
      call.shift = part.normalization?.shift
      call.rectify = part.normalization?.rectified == true ? 1 : 0
      for component in 0..<plan.sourceComponentCount {
        call.plane = plan.sourcePlane(component, firstSlice: firstSlice, channels: part.channels)
        call.frequencies = UnsafeMutableRawPointer(
          frequencies + component * plan.sourceComponentChannels + first)
        kernels.transform_input(&call)
      }
      first += part.channels
    }
  }

  /// The products of a chunk for one block of result channels, and their result. `weights` are transformed; they are
  /// nil where that is done late.
  private func multiply(
    _ number: Int, _ chunk: WinogradBlocking.Chunk, _ block: Int, _ weights: UnsafePointer<Float>?,
    _ scratch: PieceScratch
  ) {
    let columns = blocking.columns(ofBlock: block)
    let (channels, taps) = (plan.sourceChannels, chunk.slices.taps)
    clearOtherProducts(chunk.tileCount, columns, scratch)
    if let weights {
      multiply(
        chunk, columns: columns, steps: 0..<channels,
        panels: weights + columns.lowerBound * plan.kernelDepth * channels
          + taps.lowerBound * channels * Int(gemm.width),
        panelTaps: plan.kernelDepth, frequencyStride: plan.weightFrequencyStride, scratch)
    } else {
      for step in stride(from: 0, to: channels, by: blocking.lateSteps) {
        let steps = step..<min(channels, step + blocking.lateSteps)
        transform.transformBlock(
          columns: columns, taps: taps, steps: steps, to: scratch.weights!,
          frequencyStride: scratch.weightFrequencyStride)
        multiply(
          chunk, columns: columns, steps: steps, panels: scratch.weights!, panelTaps: taps.count,
          frequencyStride: scratch.weightFrequencyStride, scratch)
      }
    }
    transformResult(number, chunk, columns, scratch)
  }

  /// products += source × weights for some source channels, the first of which set the products. `panels` begin at
  /// the first tap of the chunk.
  private func multiply(
    _ chunk: WinogradBlocking.Chunk, columns: Range<Int>, steps: Range<Int>, panels: UnsafePointer<Float>,
    panelTaps: Int, frequencyStride: Int, _ scratch: PieceScratch
  ) {
    let width = Int(gemm.width)
    var product = martlet_gemm_block()
    product.rows = chunk.tileCount
    product.taps = chunk.slices.taps.count
    product.sources = UnsafePointer(scratch.sourceRows)
    // The next tap reads a slice further on.
    product.source_pitch = chunk.planeTiles.count
    product.panel_channels = steps.count
    product.panel_stride = panelTaps * steps.count * width
    product.outputs = UnsafePointer(scratch.productRows)
    for frequency in 0..<frequencies {
      let channels = multiplied[frequency].source
      let own = steps.clamped(to: channels)
      // A run of steps may have none of them.
      guard !own.isEmpty else { continue }
      let ownColumns = multipliedColumns(columns, atFrequency: frequency)
      product.channels = own.count
      product.accumulate = own.lowerBound > channels.lowerBound ? 1 : 0
      product.columns = ownColumns.count
      product.source_offset = frequency * blocking.sourceFrequencyStride + own.lowerBound
      product.panels = UnsafeRawPointer(
        panels + frequency * frequencyStride + (own.lowerBound - steps.lowerBound) * width
          + ownColumns.lowerBound / width * product.panel_stride)
      product.output_offset = frequency * blocking.productFrequencyStride + ownColumns.lowerBound
      gemm.multiply(&product)
    }
  }

  /// The columns of a block that are multiplied at a frequency: whole panels, and of the last one whole vectors. Rows of
  /// products have room for them, and panels hold zeros there.
  private func multipliedColumns(_ block: Range<Int>, atFrequency frequency: Int) -> Range<Int> {
    let end = roundUp(block.count, 16)
    guard hasOtherProducts else { return 0..<end }
    let own = block.clamped(to: multiplied[frequency].result)
    guard !own.isEmpty else { return 0..<0 }
    let width = Int(gemm.width)
    let first = (own.lowerBound - block.lowerBound) / width * width
    return first..<min(roundUp(own.upperBound - block.lowerBound, width), end)
  }

  /// Sets the products of a block to zero that are not multiplied.
  private func clearOtherProducts(_ tileCount: Int, _ block: Range<Int>, _ scratch: PieceScratch) {
    guard hasOtherProducts else { return }
    for frequency in 0..<frequencies {
      let own = multipliedColumns(block, atFrequency: frequency)
      guard own.count < block.count else { continue }
      for tile in 0..<tileCount {
        let row =
          scratch.products + frequency * blocking.productFrequencyStride + tile * blocking.productPitch
        row.update(repeating: 0, count: own.lowerBound)
        (row + own.upperBound).update(repeating: 0, count: max(0, block.count - own.upperBound))
      }
    }
  }

  private func transformResult(
    _ number: Int, _ chunk: WinogradBlocking.Chunk, _ columns: Range<Int>, _ scratch: PieceScratch
  ) {
    var call = martlet_winograd_output()
    call.tiles = plan.resultTiles(chunk.planeTiles, slices: chunk.slices.count)
    call.frequency_stride = blocking.productFrequencyStride
    call.tile_stride = blocking.productPitch
    call.rectify = operands.rectified ? 1 : 0
    var first = 0
    for part in operands.result {
      for component in 0..<plan.resultComponentCount {
        let start = component * plan.resultComponentChannels + first
        let own = columns.clamped(to: start..<(start + part.channels))
        guard !own.isEmpty else { continue }
        // The first of them in the part.
        let channel = own.lowerBound - start
        call.plane = plan.resultPlane(component, firstSlice: chunk.slices.first, channels: part.channels)
        call.frequencies = UnsafePointer(scratch.products) + (own.lowerBound - columns.lowerBound)
        call.result = part.elements + channel
        call.channels = own.count
        call.bias = operands.bias.map { $0 + first + channel }
        call.addend = operands.addend.map { $0 + channel }
        call.stream = streams(part) && channel % 16 == 0 && own.count % 16 == 0 ? 1 : 0
        if let moments = operands.moments {
          call.pivots = moments + 3 * number * plan.resultChannels + own.lowerBound
          call.sums = call.pivots + plan.resultChannels
          call.squares = call.sums + plan.resultChannels
        }
        kernels.transform_output(&call)
      }
      first += part.channels
    }
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
    func rows(_ count: Int, _ cursor: inout WorkspaceCursor) -> UnsafeMutableRawPointer {
      cursor.take(count * MemoryLayout<UnsafeRawPointer>.stride)
    }
    sourceRows = rows(blocking.chunkSourceTiles, &cursor).assumingMemoryBound(to: UnsafeRawPointer?.self)
    productRows = rows(blocking.chunkTiles, &cursor).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    products = floats(blocking.productElements, &cursor)
    source = holdsSource ? floats(blocking.sourceElements, &cursor) : nil
    weightFrequencyStride =
      roundUp(blocking.productPitch, WinogradBlocking.widestPanel) * plan.kernelDepth
      * min(plan.sourceChannels, blocking.lateSteps) + WinogradBlocking.frequencyPad
    weights =
      blocking.transformsWeightsLate ? floats(plan.tile.frequencyCount * weightFrequencyStride, &cursor) : nil
  }

  /// Makes the rows of the products' left operands and results those of a chunk's source and of the scratch.
  func pointRows(to source: UnsafePointer<Float>, _ blocking: WinogradBlocking) {
    for i in 0..<blocking.chunkSourceTiles {
      sourceRows[i] = UnsafeRawPointer(source + i * blocking.sourcePitch)
    }
    for i in 0..<blocking.chunkTiles {
      productRows[i] = UnsafeMutableRawPointer(products + i * blocking.productPitch)
    }
  }
}
