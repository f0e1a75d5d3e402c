import CMartletKernels

/// A batch of matrix products, output[i] = a[i] · b[i] + bias, on row-major matrices.
///
/// Every product has the same sizes; several may share an `a` or a `b`. The right operands are packed into panels,
/// the left ones read where they lie (or, where `a` is given transposed, from a transposed copy). A single product with
/// `a` transposed and long sums is cut along the sums (`DeepProduct`).
public struct MatrixProduct {
  /// Of the output.
  public var rows: Int
  /// Of the output.
  public var columns: Int
  /// Length of the sums.
  public var depth: Int
  /// Whether `a` is stored as [depth, rows] rather than [rows, depth].
  public var transposesA: Bool
  /// Whether `b` is stored as [columns, depth] rather than [depth, columns].
  public var transposesB: Bool
  /// For each product, which of the `a` and which of the `b` matrices it takes, counted in matrices.
  public var factors: [(a: Int, b: Int)]
  /// Of the matrices and the bias.
  public var format: RealFormat

  public init(
    rows: Int, columns: Int, depth: Int, transposesA: Bool = false, transposesB: Bool = false,
    factors: [(a: Int, b: Int)] = [(0, 0)], format: RealFormat
  ) {
    self.rows = rows
    self.columns = columns
    self.depth = depth
    self.transposesA = transposesA
    self.transposesB = transposesB
    self.factors = factors
    self.format = format
  }

  /// Scratch memory that ``run(a:b:bias:rectified:output:workspace:)`` needs, in bytes.
  public var workspaceByteCount: Int {
    if let deep { return deep.workspaceByteCount }
    var cursor = WorkspaceCursor()
    _ = Parts(self, &cursor)
    return cursor.byteCount
  }

  /// - Parameters:
  ///   - bias: A number for each column, or nil.
  ///   - rectified: Whether negative results become zero.
  public func run(
    a: UnsafeRawPointer, b: UnsafeRawPointer, bias: UnsafeRawPointer? = nil, rectified: Bool = false,
    output: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    guard rows > 0, columns > 0, !factors.isEmpty else { return }
    if let deep {
      return deep.run(
        a: a, b: b, bias: bias, rectified: rectified, output: output, workspace: workspace)
    }
    let kernels = gemmKernels(format)
    var cursor = WorkspaceCursor(workspace)
    let parts = Parts(self, &cursor)
    if let copies = parts.transposedA { transposeA(a, to: copies) }
    packB(b, kernels, to: parts.packedB)
    let left = parts.transposedA.map { UnsafeRawPointer($0) } ?? a

    let panels = ceilDivide(columns, Int(kernels.width))
    let blocks = ceilDivide(rows, IndirectProductPlan.blockRows(rows, terms: depth))
    let splits = max(1, min(panels, 64 / max(1, blocks * factors.count)))
    ThreadPool.parallelFor(factors.count * blocks * splits) { piece in
      let split = piece % splits
      let block = piece / splits % blocks
      let index = piece / (splits * blocks)
      multiplyBlock(
        index, rows: (rows * block / blocks)..<(rows * (block + 1) / blocks),
        panels: (panels * split / splits)..<(panels * (split + 1) / splits), of: panels, kernels, left,
        parts.packedB, bias, rectified, output)
    }
  }

  private var deep: DeepProduct? {
    transposesA && !transposesB && factors.count == 1 && factors[0] == (0, 0)
      ? DeepProduct(rows: rows, columns: columns, depth: depth, format: format) : nil
  }

  private var chunk: Int {
    ceilDivide(max(depth, 1), ceilDivide(max(depth, 1), WeightPanels.chunkTerms))
  }

  private func multiplyBlock(
    _ index: Int, rows range: Range<Int>, panels: Range<Int>, of panelCount: Int,
    _ kernels: martlet_gemm_kernels, _ left: UnsafeRawPointer, _ packed: UnsafeRawPointer,
    _ bias: UnsafeRawPointer?, _ rectified: Bool, _ output: UnsafeMutableRawPointer
  ) {
    let bytes = format.byteCount
    let width = Int(kernels.width)
    let pointerBytes = MemoryLayout<UnsafeRawPointer>.stride
    let table = threadScratch(2 * range.count * pointerBytes)
    let sources = table.assumingMemoryBound(to: UnsafeRawPointer?.self)
    let outputs = (table + range.count * pointerBytes).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    let firstLeft = left + factors[index].a * rows * depth * bytes
    let firstOutput = output + index * rows * columns * bytes
    for (i, row) in range.enumerated() {
      sources[i] = firstLeft + row * depth * bytes
      outputs[i] = firstOutput + row * columns * bytes
    }
    let streams =
      factors.count * rows * columns * bytes > IndirectProductPlan.streamedBytes && columns % width == 0
      && UInt(bitPattern: output) % 64 == 0
    let firstColumn = panels.lowerBound * width
    let firstPacked = packed + factors[index].b * depth * panelCount * width * bytes
    let panelTaps = [0]
    var term = 0
    // Once even if there is nothing to add up, so that zeros and the bias are written.
    repeat {
      let count = min(chunk, depth - term)
      var block = martlet_gemm_block()
      block.rows = range.count
      block.columns = min(columns, panels.upperBound * width) - firstColumn
      block.taps = 1
      block.channels = count
      block.panel_channels = count
      block.sources = UnsafePointer(sources)
      block.source_pitch = range.count
      block.source_offset = term
      block.panels = firstPacked + (term * panelCount + panels.lowerBound * count) * width * bytes
      block.panel_stride = count * width
      block.outputs = UnsafePointer(outputs)
      block.output_offset = firstColumn
      block.accumulate = term > 0 ? 1 : 0
      block.stream = streams && depth <= chunk ? 1 : 0
      if term + count >= depth {
        block.bias = bias.map { $0 + firstColumn * bytes }
        block.rectify = rectified ? 1 : 0
      }
      panelTaps.withUnsafeBufferPointer {
        block.panel_taps = $0.baseAddress
        kernels.multiply(&block)
      }
      term += count
    } while term < depth
  }

  /// Packs each `b` as [chunk][panel][term][width].
  private func packB(
    _ b: UnsafeRawPointer, _ kernels: martlet_gemm_kernels, to packed: UnsafeMutableRawPointer
  ) {
    let bytes = format.byteCount
    let width = Int(kernels.width)
    let panels = ceilDivide(columns, width)
    let offsets = (0..<depth).map { transposesB ? $0 : $0 * columns }
    let columnOffsets = (0..<width).map { transposesB ? $0 * depth : $0 }
    let tapOffsets = [0]
    ThreadPool.parallelFor(matrixCount(\.b) * panels) { piece in
      let panel = piece % panels
      let matrix = piece / panels * depth * columns
      let column = panel * width
      var copy = martlet_weight_panel()
      copy.width = width
      copy.columns = min(width, columns - column)
      copy.weights = b + (matrix + column * (transposesB ? depth : 1)) * bytes
      copy.taps = 1
      copy.is_run = transposesB ? 1 : 0
      offsets.withUnsafeBufferPointer { offsets in
        tapOffsets.withUnsafeBufferPointer { tapOffsets in
          columnOffsets.withUnsafeBufferPointer { columnOffsets in
            copy.tap_offsets = tapOffsets.baseAddress
            copy.column_offsets = columnOffsets.baseAddress
            for term in stride(from: 0, to: depth, by: chunk) {
              copy.channels = min(chunk, depth - term)
              copy.channel_offsets = offsets.baseAddress! + term
              let start = (piece / panels * depth + term) * panels + panel * copy.channels
              copy.panel = packed + start * width * bytes
              if format == .float32 { martlet_pack_weights_4(&copy) } else { martlet_pack_weights_8(&copy) }
            }
          }
        }
      }
    }
  }

  private func transposeA(_ a: UnsafeRawPointer, to copies: UnsafeMutableRawPointer) {
    let bytes = format.byteCount
    let block = 64
    let blocks = ceilDivide(rows, block)
    ThreadPool.parallelFor(matrixCount(\.a) * blocks) { piece in
      let matrix = piece / blocks * rows * depth
      let row = piece % blocks * block
      let count = min(block, rows - row)
      let from = a + (matrix + row) * bytes
      let to = copies + (matrix + row * depth) * bytes
      if format == .float32 {
        martlet_transpose_4(from, rows, to, depth, depth, count)
      } else {
        martlet_transpose_8(from, rows, to, depth, depth, count)
      }
    }
  }

  private func matrixCount(_ factor: KeyPath<(a: Int, b: Int), Int>) -> Int {
    (factors.map { $0[keyPath: factor] }.max() ?? -1) + 1
  }

  private struct Parts {
    let packedB: UnsafeMutableRawPointer
    let transposedA: UnsafeMutableRawPointer?

    init(_ product: MatrixProduct, _ cursor: inout WorkspaceCursor) {
      let widest = WeightPanels.widest
      let padded = ceilDivide(product.columns, widest) * widest
      packedB = cursor.take(product.matrixCount(\.b) * product.depth * padded * product.format.byteCount)
      transposedA =
        product.transposesA
        ? cursor.take(product.matrixCount(\.a) * product.rows * product.depth * product.format.byteCount)
        : nil
    }
  }
}
