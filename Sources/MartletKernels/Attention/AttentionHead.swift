import CMartletKernels

/// One head of one sequence at a time: its matrix of scores, and the products that make and use it.
///
/// A thread makes one for its scratch memory and goes from head to head with it. There is one matrix of scores, and one
/// of their gradients, a thread, however many heads there are.
struct AttentionHead {
  let shape: AttentionShape
  private let kernels: martlet_gemm_kernels
  private let table: martlet_attention_table_t
  private var description: martlet_scores
  /// [queries, keys]: scores, then weights.
  let weights: UnsafeMutableRawPointer
  /// [queries, keys]: the weights' gradients, then the scores'.
  let slopes: UnsafeMutableRawPointer
  /// One for each query or key.
  let shifts: UnsafeMutableRawPointer
  private let panels: UnsafeMutableRawPointer
  private let products: UnsafeMutableRawPointer
  private let pointers: UnsafeMutableRawPointer

  /// Scratch memory of the calling thread, until the next kernel that asks for some.
  init(_ shape: AttentionShape) {
    self.shape = shape
    kernels = gemmKernels(shape.format)
    table = martlet_attention_table(InstructionSet.current.cValue, shape.format == .float64 ? 1 : 0).pointee
    description = martlet_scores()
    description.queries = shape.queries
    description.keys = shape.keys
    description.visible = shape.keys
    description.causal = shape.isCausal ? 1 : 0
    description.scale = shape.scale
    let bytes = shape.format.byteCount
    let longest = max(shape.queries, shape.keys)
    let width = WeightPanels.widest
    let matrix = shape.queries * shape.keys * bytes
    // Operands are packed as [keys or queries] × size, or the other way round.
    let packed = max(
      longest * ceilDivide(shape.size, width) * width, shape.size * ceilDivide(shape.keys, width) * width)
    let sizes = [
      matrix, matrix, longest * bytes, packed * bytes,
      // Before they are made, offsets of the operands lie here.
      max(packed * bytes, shape.size * MemoryLayout<Int>.stride),
      2 * longest * MemoryLayout<UnsafeRawPointer>.stride,
    ]
    var cursor = ScratchCursor(threadScratch(sizes.reduce(0) { $0 + ScratchCursor.padded($1) }))
    weights = cursor.take(sizes[0])
    slopes = cursor.take(sizes[1])
    shifts = cursor.take(sizes[2])
    panels = cursor.take(sizes[3])
    products = cursor.take(sizes[4])
    pointers = cursor.take(sizes[5])
  }

  /// Keys from `count` on are seen by no query.
  mutating func show(keys count: Int) { description.visible = count }

  // MARK: Weights

  /// Makes weights of the scores, and writes the logarithms of their sums.
  mutating func normalize(_ logSums: UnsafeMutableRawPointer) {
    switch shape.axis {
    case .queries: table.normalize_by_key(&description, weights, logSums)
    case .keys: table.normalize_by_query(&description, weights, logSums)
    }
  }

  /// Makes weights of the scores with sums whose logarithms are known.
  mutating func weigh(_ logSums: UnsafeRawPointer) {
    switch shape.axis {
    case .queries: table.weigh_by_key(&description, weights, logSums)
    case .keys: table.weigh_by_query(&description, weights, logSums)
    }
  }

  /// Puts −Σ weight · gradient into ``shifts``.
  mutating func shift() {
    switch shape.axis {
    case .queries: table.shift_by_key(&description, weights, slopes, shifts)
    case .keys: table.shift_by_query(&description, weights, slopes, shifts)
    }
  }

  /// Makes the scores' gradients of the weights' and a number for each sum: in ``slopes``, or in ``weights`` where the
  /// weights themselves have none.
  mutating func slope(shifts: UnsafeRawPointer, hasSlopes: Bool = true) {
    switch shape.axis {
    case .queries: table.slope_by_key(&description, weights, hasSlopes ? slopes : nil, shifts)
    case .keys: table.slope_by_query(&description, weights, hasSlopes ? slopes : nil, shifts)
    }
  }

  // MARK: Products

  /// matrix = q · kᵀ, for rows of q and k that lie `shape.stride` apart; `matrix` is ``weights`` or ``slopes``.
  func multiplyPositions(
    _ left: UnsafeRawPointer, _ right: UnsafeRawPointer, to matrix: UnsafeMutableRawPointer
  ) {
    packTransposed(right)
    multiply(
      left, leftStride: shape.stride, rows: shape.queries, depth: shape.size, columns: shape.keys, to: matrix,
      outputStride: shape.keys)
  }

  /// output = matrix · v: for each query the sum of the keys' rows.
  func multiplyKeys(
    _ matrix: UnsafeRawPointer, _ right: UnsafeRawPointer, to output: UnsafeMutableRawPointer
  ) {
    kernels.packRows(right, rows: shape.keys, columns: shape.size, stride: shape.stride, to: panels)
    multiply(
      matrix, leftStride: shape.keys, rows: shape.queries, depth: shape.keys, columns: shape.size, to: output,
      outputStride: shape.stride)
  }

  /// output = matrixᵀ · q: for each key the sum of the queries' rows.
  func multiplyQueries(
    _ matrix: UnsafeRawPointer, _ right: UnsafeRawPointer, to output: UnsafeMutableRawPointer
  ) {
    let bytes = shape.format.byteCount
    let width = Int(kernels.width)
    kernels.packRows(right, rows: shape.queries, columns: shape.size, stride: shape.stride, to: panels)
    let pitch = ceilDivide(shape.size, width) * width
    StridedCopy.zero(products, byteCount: shape.keys * pitch * bytes)
    kernels.addOuterProducts(
      matrix, rows: shape.queries, leftColumns: shape.keys, panels, panels: pitch / width,
      panelStride: shape.queries * width, rightStep: width, to: products)
    for key in 0..<shape.keys {
      (output + key * shape.stride * bytes).copyMemory(
        from: products + key * pitch * bytes, byteCount: shape.size * bytes)
    }
  }

  /// Panels of [size, keys] from rows of keys.
  private func packTransposed(_ source: UnsafeRawPointer) {
    let bytes = shape.format.byteCount
    let width = Int(kernels.width)
    let offsets = pointers.assumingMemoryBound(to: Int.self)
    for i in 0..<shape.size { (products + i * 8).storeBytes(of: i, as: Int.self) }
    for i in 0..<min(width, shape.keys) { offsets[i] = i * shape.stride }
    var zero = 0
    var panel = martlet_weight_panel()
    panel.width = width
    panel.taps = 1
    panel.is_run = 1
    panel.channels = shape.size
    panel.channel_offsets = UnsafePointer(products.assumingMemoryBound(to: Int.self))
    panel.column_offsets = UnsafePointer(offsets)
    withUnsafePointer(to: &zero) { zero in
      panel.tap_offsets = zero
      for first in stride(from: 0, to: shape.keys, by: width) {
        panel.columns = min(width, shape.keys - first)
        panel.weights = source + first * shape.stride * bytes
        panel.panel = panels + first * shape.size * bytes
        if shape.format == .float32 { martlet_pack_weights_4(&panel) } else { martlet_pack_weights_8(&panel) }
      }
    }
  }

  /// output = left · panels.
  private func multiply(
    _ left: UnsafeRawPointer, leftStride: Int, rows: Int, depth: Int, columns: Int,
    to output: UnsafeMutableRawPointer, outputStride: Int
  ) {
    let bytes = shape.format.byteCount
    let sources = pointers.assumingMemoryBound(to: UnsafeRawPointer?.self)
    let outputs = (pointers + rows * MemoryLayout<UnsafeRawPointer>.stride)
      .assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    for row in 0..<rows {
      sources[row] = left + row * leftStride * bytes
      outputs[row] = output + row * outputStride * bytes
    }
    var block = martlet_gemm_block()
    block.rows = rows
    block.columns = columns
    block.taps = 1
    block.channels = depth
    block.panel_channels = depth
    block.sources = UnsafePointer(sources)
    block.source_pitch = rows
    block.panels = UnsafeRawPointer(panels)
    block.panel_stride = depth * Int(kernels.width)
    block.outputs = UnsafePointer(outputs)
    kernels.multiply(&block)
  }
}
