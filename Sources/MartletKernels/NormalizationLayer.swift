import CMartletKernels

/// Layer normalisation: each of `rows` rows of `width` neighbouring elements has a mean and variance of its own.
public struct LayerNormalization {
  let rows: Int
  let width: Int
  let format: RealFormat
  private let pieceRows: Int
  private let pieces: Int

  /// - Parameter format: Of rows, parameters and statistics.
  public init(rows: Int, width: Int, format: RealFormat) {
    self.rows = rows
    self.width = width
    self.format = format
    pieceRows = max((rows + 63) / 64, 8192 / max(width, 1), 1)
    pieces = (rows + pieceRows - 1) / pieceRows
  }

  private var table: UnsafePointer<martlet_norm_table> {
    let isa = InstructionSet.current.cValue
    return format == .float32 ? martlet_norm_table_f32(isa) : martlet_norm_table_f64(isa)
  }

  /// y = (x − mean) / √(variance + epsilon) · weight + bias; weight and bias have `width` elements, the statistics
  /// `rows`.
  public func forward(
    _ x: UnsafeRawPointer, weight: UnsafeRawPointer, bias: UnsafeRawPointer, epsilon: Double,
    output: UnsafeMutableRawPointer, mean: UnsafeMutableRawPointer, inverseDeviation: UnsafeMutableRawPointer
  ) {
    guard width > 0 else { return }
    let table = table
    let size = format.byteCount
    ThreadPool.parallelFor(pieces) { piece in
      let first = piece * pieceRows
      let count = min(pieceRows, rows - first)
      table.pointee.layer(
        x + first * width * size, count, width, weight, bias, epsilon, output + first * width * size,
        mean + first * size, inverseDeviation + first * size)
    }
  }

  private var pieceByteCount: Int { ScratchCursor.padded(2 * width * (8 + format.byteCount)) }

  /// Scratch bytes of the gradient.
  public var gradientWorkspaceByteCount: Int { max(pieces, 1) * pieceByteCount }

  /// The gradients of ``forward(_:weight:bias:epsilon:output:mean:inverseDeviation:)``.
  public func gradient(
    _ x: UnsafeRawPointer, outputGradient dy: UnsafeRawPointer, mean: UnsafeRawPointer,
    inverseDeviation: UnsafeRawPointer, weight: UnsafeRawPointer, inputGradient dx: UnsafeMutableRawPointer,
    weightGradient: UnsafeMutableRawPointer, biasGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    guard width > 0 else { return }
    let table = table
    let size = format.byteCount
    func sums(_ piece: Int) -> UnsafeMutablePointer<Double> {
      (workspace + piece * pieceByteCount).assumingMemoryBound(to: Double.self)
    }
    ThreadPool.parallelFor(pieces) { piece in
      let first = piece * pieceRows
      let count = min(pieceRows, rows - first)
      let part = sums(piece)
      part.update(repeating: 0, count: 2 * width)
      table.pointee.layer_gradient(
        x + first * width * size, dy + first * width * size, count, width, weight, mean + first * size,
        inverseDeviation + first * size, dx + first * width * size, part, part + width,
        workspace + piece * pieceByteCount + 2 * width * 8)
    }
    let total = sums(0)
    if pieces == 0 { total.update(repeating: 0, count: 2 * width) }
    for piece in 1..<max(pieces, 1) {
      let part = sums(piece)
      for i in 0..<2 * width { total[i] += part[i] }
    }
    table.pointee.narrow(total, width, weightGradient)
    table.pointee.narrow(total + width, width, biasGradient)
  }
}

/// Sums over space: what global average pooling stands on.
public struct ChannelSums {
  let cut: NormalizationCut

  /// - Parameters:
  ///   - rows: Pixels of an image, each with its channels side by side.
  ///   - format: Of pixels and sums.
  public init(images: Int, rows: Int, channels: Int, format: RealFormat) {
    cut = NormalizationCut(segments: images, rows: rows, channels: channels, format: format)
  }

  /// Scratch bytes of ``run(_:factor:output:workspace:)``.
  public var workspaceByteCount: Int { 2 * ScratchCursor.padded(cut.channels * 8) + cut.partialsByteCount }

  /// output[image, channel] = factor · Σ over rows.
  public func run(
    _ x: UnsafeRawPointer, factor: Double, output: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    var scratch = ScratchCursor(workspace)
    let sums = scratch.takeDoubles(cut.channels)
    let unused = scratch.takeDoubles(cut.channels)
    let partials = scratch.take(cut.partialsByteCount)
    let table = cut.table
    cut.forEachSlot { segment, slot, offset, rows, width in
      let part = cut.partials(in: partials, segment, slot)
      part.first.update(repeating: 0, count: 2 * cut.width)
      table.pointee.sum_rows(x + offset, rows, width, part.first, part.scratch)
    }
    for image in 0..<cut.segments {
      cut.addSums(partials, segment: image, into: sums, unused)
      for c in 0..<cut.channels { sums[c] *= factor }
      table.pointee.narrow(sums, cut.channels, output + image * cut.channels * cut.format.byteCount)
    }
  }
}
