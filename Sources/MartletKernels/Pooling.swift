import CMartletKernels

/// Pooling and resampling of images of up to three space axes, channels last: every output row is made from a few
/// input rows. Gradients run by the same code with the taps turned round.
public struct Resampling {
  /// Depth, height and width.
  private let taps: [AxisTaps]
  private let images: Int
  private let channels: Int
  private let format: RealFormat
  /// Taps of the whole window behind each axis, for numbering.
  private let windowStrides: [Int]
  private let rowsPerPiece: Int
  private let pieces: Int

  /// - Parameters:
  ///   - taps: One to three axes, the last one innermost.
  ///   - window: Taps of the window along each axis; only needed for max pooling.
  public init(images: Int, channels: Int, taps: [AxisTaps], window: [Int]? = nil, format: RealFormat) {
    let missing = 3 - taps.count
    self.taps = [AxisTaps](repeating: .identity(1), count: missing) + taps
    self.images = images
    self.channels = channels
    self.format = format
    let sizes = [Int](repeating: 1, count: missing) + (window ?? [Int](repeating: 1, count: taps.count))
    windowStrides = [sizes[1] * sizes[2], sizes[2], 1]
    let rows = images * self.taps[0].outputSize * self.taps[1].outputSize
    let rowElements = max(self.taps[2].outputSize, self.taps[2].sourceSize) * channels
    rowsPerPiece = max((rows + 63) / 64, 16384 / max(rowElements, 1), 1)
    pieces = (rows + rowsPerPiece - 1) / rowsPerPiece
  }

  private var table: UnsafePointer<martlet_pool_table> {
    let isa = InstructionSet.current.cValue
    return format == .float32 ? martlet_pool_table_f32(isa) : martlet_pool_table_f64(isa)
  }

  /// Results from this size on are written past the caches, which would not keep them for their reader.
  static let streamedByteCount = 16 << 20

  private var streams: Bool {
    images * taps[0].outputSize * taps[1].outputSize * outputRowElements * format.byteCount
      >= Self.streamedByteCount
  }

  private var outputRowElements: Int { taps[2].outputSize * channels }
  private var sourceRowElements: Int { taps[2].sourceSize * channels }
  private var scratchRowByteCount: Int { ScratchCursor.padded(sourceRowElements * format.byteCount) }

  /// Scratch bytes of ``resample(_:output:workspace:)``.
  public var workspaceByteCount: Int { pieces * scratchRowByteCount }

  /// The largest tap of every window, NaN above all and the first of equals, and its number in the window: as
  /// UInt8, or as Int32 where `wide` is set.
  public func maxPool(
    _ x: UnsafeRawPointer, wide: Bool, output: UnsafeMutableRawPointer, index: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachRow { _, image, row, rows, axis in
      table.pointee.max_row(
        x + image * format.byteCount, rows, axis, taps[2].outputSize, channels, wide ? 1 : 0,
        output + row * format.byteCount, index + row * (wide ? 4 : 1))
    }
  }

  /// The gradient of ``maxPool(_:wide:output:index:)``: made with the transposed taps, the output's side being read.
  public func maxPoolGradient(
    _ dy: UnsafeRawPointer, index: UnsafeRawPointer, wide: Bool, inputGradient dx: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachRow { _, image, row, rows, axis in
      table.pointee.max_gradient_row(
        dy + image * format.byteCount, index + image * (wide ? 4 : 1), rows, axis, taps[2].outputSize,
        channels, wide ? 1 : 0, streams ? 1 : 0, dx + row * format.byteCount)
    }
  }

  /// Of every window the tap whose number is given, as ``maxPool(_:wide:output:index:)`` gives them; zero where it is
  /// none of the window's.
  public func select(
    _ x: UnsafeRawPointer, index: UnsafeRawPointer, wide: Bool, output: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachRow { _, image, row, rows, axis in
      table.pointee.select_row(
        x + image * format.byteCount, index + row * (wide ? 4 : 1), rows, axis, taps[2].outputSize, channels,
        wide ? 1 : 0, output + row * format.byteCount)
    }
  }

  /// The weighted sum of every output's taps.
  public func resample(
    _ x: UnsafeRawPointer, output: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachRow { piece, image, row, rows, axis in
      table.pointee.resample_row(
        x + image * format.byteCount, rows, axis, taps[2].sourceSize, taps[2].outputSize, channels,
        streams ? 1 : 0, workspace + piece * scratchRowByteCount, output + row * format.byteCount)
    }
  }

  /// Calls `body` for every output row with the element offsets of its source image and of itself, and its taps.
  private func forEachRow(
    _ body: (_ piece: Int, _ image: Int, _ row: Int, _ rows: martlet_pool_rows, _ axis: martlet_pool_axis) ->
      Void
  ) {
    guard channels > 0 else { return }
    let (depth, height) = (taps[0], taps[1])
    let rowCount = images * depth.outputSize * height.outputSize
    let imageElements = depth.sourceSize * height.sourceSize * sourceRowElements
    let axis = TapMemory(taps[2], format)
    let largestCount = depth.largestCount * height.largestCount
    ThreadPool.parallelFor(pieces) { piece in
      let memory = TapMemory(capacity: largestCount, format)
      defer { withExtendedLifetime(memory) {} }
      for row in piece * rowsPerPiece..<min((piece + 1) * rowsPerPiece, rowCount) {
        let h = row % height.outputSize
        let d = row / height.outputSize % depth.outputSize
        let image = row / height.outputSize / depth.outputSize
        var count = 0
        for i in Int(depth.starts[d])..<Int(depth.starts[d + 1]) {
          for j in Int(height.starts[h])..<Int(height.starts[h + 1]) {
            let source = Int(depth.sources[i]) * height.sourceSize + Int(height.sources[j])
            memory.offsets[count] = Int64(source * sourceRowElements)
            memory.numbers[count] = Int32(
              Int(depth.numbers[i]) * windowStrides[0] + Int(height.numbers[j]) * windowStrides[1])
            memory.setWeight(depth.weights[i] * height.weights[j], at: count)
            count += 1
          }
        }
        let rows = martlet_pool_rows(
          offset: memory.offsets, number: memory.numbers, weight: memory.weights, count: count)
        body(piece, image * imageElements, row * outputRowElements, rows, axis.cAxis)
      }
    }
    withExtendedLifetime(axis) {}
  }
}

/// Taps as the C kernels read them.
private final class TapMemory: @unchecked Sendable {
  let starts: UnsafeMutablePointer<Int32>
  let sources: UnsafeMutablePointer<Int32>
  let numbers: UnsafeMutablePointer<Int32>
  let offsets: UnsafeMutablePointer<Int64>
  let weights: UnsafeMutableRawPointer
  private let format: RealFormat

  init(capacity: Int, outputs: Int = 0, _ format: RealFormat) {
    self.format = format
    starts = .allocate(capacity: outputs + 1)
    sources = .allocate(capacity: capacity + 1)
    numbers = .allocate(capacity: capacity + 1)
    offsets = .allocate(capacity: capacity + 1)
    weights = .allocate(byteCount: (capacity + 1) * format.byteCount, alignment: 8)
  }

  convenience init(_ taps: AxisTaps, _ format: RealFormat) {
    self.init(capacity: taps.sources.count, outputs: taps.outputSize, format)
    for (i, start) in taps.starts.enumerated() { starts[i] = start }
    for i in taps.sources.indices {
      sources[i] = taps.sources[i]
      numbers[i] = taps.numbers[i]
      setWeight(taps.weights[i], at: i)
    }
  }

  deinit {
    starts.deallocate()
    sources.deallocate()
    numbers.deallocate()
    offsets.deallocate()
    weights.deallocate()
  }

  func setWeight(_ weight: Double, at index: Int) {
    switch format {
    case .float32: weights.storeBytes(of: Float(weight), toByteOffset: index * 4, as: Float.self)
    case .float64: weights.storeBytes(of: weight, toByteOffset: index * 8, as: Double.self)
    }
  }

  var cAxis: martlet_pool_axis {
    martlet_pool_axis(start: starts, source: sources, number: numbers, weight: weights)
  }
}
