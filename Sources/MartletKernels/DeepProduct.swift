import CMartletKernels

/// aᵀ · b for matrices with many more rows than columns, such as a linear layer's weight gradient: sums of outer products
/// over the rows, on operands that are read where they lie.
///
/// The rows are cut into chunks, as shapes say, whose sums are added up in order.
struct DeepProduct {
  /// Columns of `a`, and of `b`.
  let rows: Int
  let columns: Int
  /// Rows of both.
  let depth: Int
  let format: RealFormat
  private let chunks: Int

  /// Nil where the rows are too few to be worth it.
  init?(rows: Int, columns: Int, depth: Int, format: RealFormat) {
    self.rows = rows
    self.columns = columns
    self.depth = depth
    self.format = format
    let width = WeightPanels.widest
    let sums = max(1, rows * ceilDivide(columns, width) * width * format.byteCount)
    chunks = min(depth / Self.leastRows, Self.largestCount, Self.largestSums / sums)
    guard chunks >= 2 else { return nil }
  }

  /// Rows that outweigh adding up another chunk's sums.
  private static let leastRows = 512
  private static let largestCount = 64
  private static let largestSums = 1 << 24
  /// Bytes of the operands' rows that stay in the second cache for all tiles.
  private static let blockBytes = 1 << 17

  var workspaceByteCount: Int {
    let width = WeightPanels.widest
    return chunks * rows * ceilDivide(columns, width) * width * format.byteCount
  }

  func run(
    a: UnsafeRawPointer, b: UnsafeRawPointer, bias: UnsafeRawPointer?, rectified: Bool,
    output: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    let kernels = gemmKernels(format)
    let pitch = ceilDivide(columns, Int(kernels.width)) * Int(kernels.width)
    let bytes = format.byteCount
    ThreadPool.parallelFor(chunks) { chunk in
      let range = depth * chunk / chunks..<depth * (chunk + 1) / chunks
      addOuterProducts(a, b, range, kernels, pitch, to: workspace + chunk * rows * pitch * bytes)
    }
    ThreadPool.parallelFor(rows) { row in
      let sums = workspace + row * pitch * bytes
      for chunk in 1..<chunks { add(sums + chunk * rows * pitch * bytes, to: sums) }
      if let bias { add(bias, to: sums) }
      if rectified { rectify(sums) }
      (output + row * columns * bytes).copyMemory(from: sums, byteCount: columns * bytes)
    }
  }

  private func addOuterProducts(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ range: Range<Int>, _ kernels: martlet_gemm_kernels,
    _ pitch: Int, to sums: UnsafeMutableRawPointer
  ) {
    let bytes = format.byteCount
    let width = Int(kernels.width)
    let isPacked = columns % width != 0
    let step = max(1, min(range.count, Self.blockBytes / ((rows + pitch) * bytes)))
    let panels = isPacked ? threadScratch(step * pitch * bytes) : nil
    StridedCopy.zero(sums, byteCount: rows * pitch * bytes)
    for first in stride(from: range.lowerBound, to: range.upperBound, by: step) {
      let count = min(step, range.upperBound - first)
      let (left, right) = (a + first * rows * bytes, b + first * columns * bytes)
      if let panels { kernels.packRows(right, rows: count, columns: columns, stride: columns, to: panels) }
      kernels.addOuterProducts(
        left, rows: count, leftColumns: rows, panels.map { UnsafeRawPointer($0) } ?? right,
        panels: pitch / width, panelStride: isPacked ? count * width : width,
        rightStep: isPacked ? width : columns, to: sums)
    }
  }

  private func add(_ terms: UnsafeRawPointer, to sums: UnsafeMutableRawPointer) {
    switch format {
    case .float32:
      martlet_add_float(
        sums.assumingMemoryBound(to: Float.self), terms.assumingMemoryBound(to: Float.self), columns)
    case .float64:
      martlet_add_double(
        sums.assumingMemoryBound(to: Double.self), terms.assumingMemoryBound(to: Double.self), columns)
    }
  }

  private func rectify(_ sums: UnsafeMutableRawPointer) {
    switch format {
    case .float32: for i in 0..<columns where sums.load(Float.self, i) < 0 { sums.store(Float(0), i) }
    case .float64: for i in 0..<columns where sums.load(Double.self, i) < 0 { sums.store(Double(0), i) }
    }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate func load<Scalar>(_: Scalar.Type, _ index: Int) -> Scalar {
    load(fromByteOffset: index * MemoryLayout<Scalar>.stride, as: Scalar.self)
  }

  fileprivate func store<Scalar>(_ value: Scalar, _ index: Int) {
    storeBytes(of: value, toByteOffset: index * MemoryLayout<Scalar>.stride, as: Scalar.self)
  }
}
