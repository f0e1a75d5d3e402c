import CMartletKernels

/// Copies elements between two places with any strides: transposes, slices, concatenations, crops.
///
/// Neighbouring axes that lie the same way on both sides are merged first; what is left is done by rows of
/// neighbouring elements, by tiles of a transpose, or element by element.
public struct StridedCopy {
  private struct Axis {
    var count: Int
    var source: Int
    var target: Int
  }

  private enum Leaf {
    /// Rows of neighbours: the count of rows and their strides, the elements of a row.
    case rows(Axis, length: Int)
    /// Neighbours of the source along `columns` become neighbours of the target along `rows`.
    case transpose(rows: Axis, columns: Axis)
    case strided(Axis)
  }

  private let elementByteCount: Int
  private var outer: [Axis] = []
  private var leaf: Leaf
  private var isEmpty = false
  /// Blocks that the leaf is cut into, and how much of its long axis is in each.
  private var blocks = 1
  private var blockLength = 0
  private var itemElements = 1
  /// Whether the copy is larger than what caches would keep of it.
  private let streams: Bool

  /// - Parameters:
  ///   - shape: Elements along each axis.
  ///   - sourceStrides: Elements between neighbours along each axis in the source.
  ///   - targetStrides: The same in the target.
  ///   - elementByteCount: 1, 4 or 8.
  public init(shape: [Int], sourceStrides: [Int], targetStrides: [Int], elementByteCount: Int) {
    self.elementByteCount = elementByteCount
    isEmpty = shape.contains(0)
    streams = shape.reduce(elementByteCount, *) >= Resampling.streamedByteCount
    var axes = shape.indices.filter { shape[$0] > 1 }
      .map { Axis(count: shape[$0], source: sourceStrides[$0], target: targetStrides[$0]) }
      .sorted { ($0.target, $0.source) > ($1.target, $1.source) }
    var index = 0
    while index + 1 < axes.count {
      let (slow, fast) = (axes[index], axes[index + 1])
      if slow.target == fast.target * fast.count, slow.source == fast.source * fast.count {
        axes[index] = Axis(count: slow.count * fast.count, source: fast.source, target: fast.target)
        axes.remove(at: index + 1)
      } else {
        index += 1
      }
    }

    let inner = axes.popLast() ?? Axis(count: 1, source: 1, target: 1)
    if inner.target == 1, inner.source == 1 {
      let rows = axes.popLast() ?? Axis(count: 1, source: inner.count, target: inner.count)
      leaf = .rows(rows, length: inner.count)
      cut(rows.count, by: 1, elementsPerStep: inner.count)
    } else if inner.target == 1, let column = axes.firstIndex(where: { $0.source == 1 }) {
      let columns = axes.remove(at: column)
      leaf = .transpose(rows: inner, columns: columns)
      cut(max(columns.count, inner.count), by: 16, elementsPerStep: min(columns.count, inner.count))
    } else {
      leaf = .strided(inner)
      cut(inner.count, by: 1, elementsPerStep: 1)
    }
    outer = axes
  }

  /// Blocks of about 32 thousand elements along the leaf's long axis.
  private mutating func cut(_ count: Int, by quantum: Int, elementsPerStep: Int) {
    let wanted = max(32768 / max(elementsPerStep, 1), 1)
    blockLength = min((wanted + quantum - 1) / quantum * quantum, max(count, 1))
    blocks = (count + blockLength - 1) / blockLength
    itemElements = blockLength * elementsPerStep
  }

  /// Copies. The two regions must not overlap.
  public func run(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    guard !isEmpty else { return }
    if case .rows(let rows, let length) = leaf, rows.count == 1, outer.isEmpty {
      copyRun(source, target, length)
      return
    }
    let table = martlet_copy_table_for(InstructionSet.current.cValue)!
    let items = outer.reduce(blocks) { $0 * $1.count }
    let itemsPerPiece = max(32768 / max(itemElements, 1), 1)
    ThreadPool.parallelFor((items + itemsPerPiece - 1) / itemsPerPiece) { piece in
      for item in piece * itemsPerPiece..<min((piece + 1) * itemsPerPiece, items) {
        var rest = item / blocks
        var from = 0
        var to = 0
        for axis in outer.reversed() {
          let position = rest % axis.count
          rest /= axis.count
          from += position * axis.source
          to += position * axis.target
        }
        runLeaf(
          table, source + from * elementByteCount, target + to * elementByteCount, block: item % blocks)
      }
    }
  }

  private func runLeaf(
    _ table: UnsafePointer<martlet_copy_table>, _ source: UnsafeRawPointer,
    _ target: UnsafeMutableRawPointer, block: Int
  ) {
    let size = elementByteCount
    let begin = block * blockLength
    func length(_ count: Int) -> Int { min(blockLength, count - begin) }
    switch leaf {
    case .rows(let rows, let row):
      table.pointee.rows(
        source + begin * rows.source * size, rows.source * size, target + begin * rows.target * size,
        rows.target * size, length(rows.count), row * size, streams ? 1 : 0)
    case .transpose(let rows, let columns) where columns.count >= rows.count:
      table.pointee.transpose(
        source + begin * size, rows.source, target + begin * columns.target * size, columns.target,
        rows.count, length(columns.count), size)
    case .transpose(let rows, let columns):
      table.pointee.transpose(
        source + begin * rows.source * size, rows.source, target + begin * size, columns.target,
        length(rows.count), columns.count, size)
    case .strided(let axis):
      table.pointee.strided(
        source + begin * axis.source * size, axis.source, target + begin * axis.target * size, axis.target,
        length(axis.count), size)
    }
  }

  private func copyRun(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int) {
    let byteCount = count * elementByteCount
    let piece = 1 << 18
    ThreadPool.parallelFor((byteCount + piece - 1) / piece) { index in
      let begin = index * piece
      (target + begin).copyMemory(from: source + begin, byteCount: min(piece, byteCount - begin))
    }
  }

  /// Sets `count` elements of `elementByteCount` bytes to the one at `value`.
  public static func fill(
    _ target: UnsafeMutableRawPointer, with value: UnsafeRawPointer, count: Int, elementByteCount: Int
  ) {
    let table = martlet_copy_table_for(InstructionSet.current.cValue)!
    let piece = 1 << 16
    ThreadPool.parallelFor((count + piece - 1) / piece) { index in
      let begin = index * piece
      table.pointee.fill(
        target + begin * elementByteCount, value, min(piece, count - begin), elementByteCount)
    }
  }

  /// Sets bytes to zero.
  public static func zero(_ target: UnsafeMutableRawPointer, byteCount: Int) {
    let piece = 1 << 18
    ThreadPool.parallelFor((byteCount + piece - 1) / piece) { index in
      let begin = index * piece
      (target + begin).initializeMemory(as: UInt8.self, repeating: 0, count: min(piece, byteCount - begin))
    }
  }
}
