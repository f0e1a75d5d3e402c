import CMartletKernels

/// An operand of a broadcast: where it starts, and how many elements to move by for each dimension of the result
/// (in the order of the result's memory), zero along those it is repeated over.
public struct BroadcastOperand {
  /// Where its element lies whose index is 0 along every dimension.
  public let start: UnsafeRawPointer
  /// One for each dimension of the result.
  public let strides: [Int]

  public init(start: UnsafeRawPointer, strides: [Int]) {
    self.start = start
    self.strides = strides
  }
}

/// A loop over a dense result and up to four operands of any strides, as planes of rows and columns: dimensions that
/// all operands run through alike are joined, and the two that vary fastest are left to a kernel.
struct BroadcastLoop {
  private struct Dimension {
    var size: Int
    var strides: SIMD4<Int>
  }

  /// Dimensions outside the planes, the slowest first.
  private var outer: [Dimension] = []
  private(set) var rows = 1
  private(set) var columns = 1
  private(set) var rowStrides = SIMD4<Int>()
  private(set) var columnStrides = SIMD4<Int>()
  private var planes = 1

  /// - Parameters:
  ///   - shape: The result's sizes in memory order.
  ///   - strides: Each operand's strides.
  init(shape: [Int], strides: [[Int]]) {
    var dimensions: [Dimension] = []
    for i in shape.indices.reversed() where shape[i] != 1 {
      var step = SIMD4<Int>()
      for (operand, its) in strides.enumerated() { step[operand] = its[i] }
      if let inner = dimensions.last, step == inner.strides &* inner.size {
        dimensions[dimensions.count - 1].size *= shape[i]
      } else {
        dimensions.append(Dimension(size: shape[i], strides: step))
      }
    }
    if let inner = dimensions.first {
      columns = inner.size
      columnStrides = inner.strides
    }
    if dimensions.count > 1 {
      rows = dimensions[1].size
      rowStrides = dimensions[1].strides
    }
    outer = dimensions.dropFirst(2).reversed()
    planes = outer.reduce(1) { $0 * $1.size }
  }

  var isOnePlane: Bool { outer.isEmpty }

  private func offsets(plane: Int) -> SIMD4<Int> {
    var offsets = SIMD4<Int>()
    var rest = plane
    for dimension in outer.reversed() {
      offsets &+= dimension.strides &* (rest % dimension.size)
      rest /= dimension.size
    }
    return offsets
  }

  /// Calls `body` for parts of planes that together are the whole: the operands' offsets, the result's offset (all
  /// in elements), rows and columns.
  func forEachPart(_ body: (_ offsets: SIMD4<Int>, _ result: Int, _ rows: Int, _ columns: Int) -> Void) {
    guard planes * rows * columns > 0 else { return }
    let length = Pieces.elementCount
    if columns > length {
      let segments = (columns + length - 1) / length
      ThreadPool.parallelFor(planes * rows * segments) { item in
        let (line, segment) = (item / segments, item % segments)
        let first = segment * length
        body(
          offsets(plane: line / rows) &+ rowStrides &* (line % rows) &+ columnStrides &* first,
          line * columns + first, 1, min(length, columns - first))
      }
      return
    }
    Pieces.forEach(of: planes * rows, length: max(1, length / columns)) { lines in
      var line = lines.lowerBound
      while line < lines.upperBound {
        let row = line % rows
        let count = min(rows - row, lines.upperBound - line)
        body(offsets(plane: line / rows) &+ rowStrides &* row, line * columns, count, columns)
        line += count
      }
    }
  }
}

extension Elementwise {
  /// y = f(a, b), y dense with sizes `shape` in memory order. y may lie on an operand that it is as large as.
  public static func binary(
    _ function: BinaryFunction, _ type: ElementType, _ a: BroadcastOperand, _ b: BroadcastOperand,
    _ y: UnsafeMutableRawPointer, shape: [Int]
  ) {
    let kernel = type.elementwise.binary
    let size = type.byteCount
    let loop = BroadcastLoop(shape: shape, strides: [a.strides, b.strides])
    if loop.isOnePlane, loop.columns < 64, loop.rows >= 64, loop.columnStrides == SIMD4(1, 1, 0, 0),
      loop.rowStrides == SIMD4(loop.columns, 0, 0, 0)
    {
      return binaryByChannel(function, type, a.start, b.start, y, rows: loop.rows, channels: loop.columns)
    }
    loop.forEachPart { offsets, result, rows, columns in
      kernel(
        function.cValue, loop.plane(0, a.start, offsets, size), loop.plane(1, b.start, offsets, size),
        y + result * size, rows, columns)
    }
  }

  /// b has one value a channel, and there are too few channels for a loop over them: b is repeated first, so that
  /// several pixels make a row.
  private static func binaryByChannel(
    _ function: BinaryFunction, _ type: ElementType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ y: UnsafeMutableRawPointer, rows: Int, channels: Int
  ) {
    let size = type.byteCount
    let repeats = min(rows, (256 + channels - 1) / channels)
    let width = repeats * channels
    withUnsafeTemporaryAllocation(byteCount: width * size, alignment: 64) { tile in
      for i in 0..<repeats {
        (tile.baseAddress! + i * channels * size).copyMemory(from: b, byteCount: channels * size)
      }
      let wide = rows / repeats
      let done = wide * width
      binary(
        function, type, BroadcastOperand(start: a, strides: [width, 1]),
        BroadcastOperand(start: tile.baseAddress!, strides: [0, 1]), y, shape: [wide, width])
      let rest = (rows - wide * repeats) * channels
      binary(
        function, type, BroadcastOperand(start: a + done * size, strides: [1]),
        BroadcastOperand(start: tile.baseAddress!, strides: [1]), y + done * size, shape: [rest])
    }
  }

  /// y = 1 where a and b compare so, else 0; one byte an element.
  public static func compare(
    _ comparison: Comparison, _ type: ElementType, _ a: BroadcastOperand, _ b: BroadcastOperand,
    _ y: UnsafeMutableRawPointer, shape: [Int]
  ) {
    let kernel = type.elementwise.compare
    let size = type.byteCount
    let loop = BroadcastLoop(shape: shape, strides: [a.strides, b.strides])
    let y = y.assumingMemoryBound(to: UInt8.self)
    loop.forEachPart { offsets, result, rows, columns in
      kernel(
        comparison.cValue, loop.plane(0, a.start, offsets, size), loop.plane(1, b.start, offsets, size),
        y + result, rows, columns)
    }
  }

  /// y = condition ? a : b, the condition one byte an element.
  public static func select(
    _ type: ElementType, condition: BroadcastOperand, _ a: BroadcastOperand, _ b: BroadcastOperand,
    _ y: UnsafeMutableRawPointer, shape: [Int]
  ) {
    let kernel = type.elementwise.select
    let size = type.byteCount
    let loop = BroadcastLoop(shape: shape, strides: [condition.strides, a.strides, b.strides])
    loop.forEachPart { offsets, result, rows, columns in
      kernel(
        loop.plane(0, condition.start, offsets, 1), loop.plane(1, a.start, offsets, size),
        loop.plane(2, b.start, offsets, size), y + result * size, rows, columns)
    }
  }

  /// y = scale · x, repeated to `shape`. Integers are copied as they are.
  public static func broadcast(
    _ type: ElementType, _ x: BroadcastOperand, _ y: UnsafeMutableRawPointer, shape: [Int], scale: Double = 1
  ) {
    let kernel = type.elementwise.copy
    let size = type.byteCount
    let loop = BroadcastLoop(shape: shape, strides: [x.strides])
    loop.forEachPart { offsets, result, rows, columns in
      kernel(loop.plane(0, x.start, offsets, size), y + result * size, rows, columns, scale)
    }
  }
}

extension BroadcastLoop {
  func plane(_ operand: Int, _ start: UnsafeRawPointer, _ offsets: SIMD4<Int>, _ size: Int) -> martlet_plane {
    martlet_plane(
      start: start + offsets[operand] * size, row_stride: rowStrides[operand],
      column_stride: columnStrides[operand])
  }
}
