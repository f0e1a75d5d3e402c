import CMartletKernels

/// An array of int32 or int64 indices.
public enum IndexPointer {
  case int32(UnsafePointer<Int32>)
  case int64(UnsafePointer<Int64>)

  /// The first index that is not in 0 ..< limit, and where it is.
  public func firstInvalid(count: Int, limit: Int) -> (position: Int, value: Int)? {
    func find<Index: FixedWidthInteger>(_ indices: UnsafePointer<Index>) -> (position: Int, value: Int)? {
      for i in 0..<count where indices[i] < 0 || Int(indices[i]) >= limit { return (i, Int(indices[i])) }
      return nil
    }
    switch self {
    case .int32(let indices): return find(indices)
    case .int64(let indices): return find(indices)
    }
  }

  /// Calls `body` with each position and the index there.
  func forEach(count: Int, _ body: (_ position: Int, _ index: Int) -> Void) {
    switch self {
    case .int32(let indices): for i in 0..<count { body(i, Int(indices[i])) }
    case .int64(let indices): for i in 0..<count { body(i, Int(indices[i])) }
    }
  }
}

/// Reading and adding rows by integer index: embedding tables, index select.
///
/// Indices must have been checked with ``IndexPointer/firstInvalid(count:limit:)``.
public enum Gather {
  /// target[o, i, :] = source[o, indices[i], :] with rows of `rowByteCount` bytes.
  public static func rows(
    _ source: UnsafeRawPointer, outer: Int, sourceRows: Int, rowByteCount: Int, indices: IndexPointer,
    count: Int, target: UnsafeMutableRawPointer
  ) {
    switch indices {
    case .int32(let indices):
      copyRows(source, outer, sourceRows, rowByteCount, indices, count, target)
    case .int64(let indices):
      copyRows(source, outer, sourceRows, rowByteCount, indices, count, target)
    }
  }

  private static func copyRows<Index: FixedWidthInteger & Sendable>(
    _ source: UnsafeRawPointer, _ outer: Int, _ sourceRows: Int, _ rowByteCount: Int,
    _ indices: UnsafePointer<Index>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    let rowsPerPiece = max(65536 / max(rowByteCount, 1), 1)
    let pieces = (count + rowsPerPiece - 1) / rowsPerPiece
    ThreadPool.parallelFor(outer * pieces) { piece in
      let o = piece / pieces
      let begin = piece % pieces * rowsPerPiece
      let from = source + o * sourceRows * rowByteCount
      let to = target + o * count * rowByteCount
      for i in begin..<min(begin + rowsPerPiece, count) {
        (to + i * rowByteCount).copyMemory(
          from: from + Int(indices[i]) * rowByteCount, byteCount: rowByteCount)
      }
    }
  }

  /// Scratch bytes of ``addRows(_:outer:targetRows:width:indices:count:skipping:target:format:workspace:)``.
  public static func addRowsWorkspaceByteCount(targetRows: Int, count: Int) -> Int {
    (targetRows + 1 + count) * MemoryLayout<Int>.size
  }

  /// target[o, indices[i], :] += source[o, i, :], from zero, in the order of i; rows of `width` elements.
  ///
  /// The indices are sorted by target row first, keeping their order, so that every row is added by one thread.
  /// - Parameter skipped: A target row that stays zero.
  public static func addRows(
    _ source: UnsafeRawPointer, outer: Int, targetRows: Int, width: Int, indices: IndexPointer, count: Int,
    skipping skipped: Int?, target: UnsafeMutableRawPointer, format: RealFormat,
    workspace: UnsafeMutableRawPointer
  ) {
    let ends = workspace.bindMemory(to: Int.self, capacity: targetRows + 1 + count)
    let order = ends + targetRows + 1
    switch indices {
    case .int32(let indices): sort(indices, count, targetRows, ends, order)
    case .int64(let indices): sort(indices, count, targetRows, ends, order)
    }
    let adding = RowAdding(width: width, format: format)
    let size = format.byteCount
    let rowsPerPiece = max(16384 / max(width, 1), 1)
    let pieces = (targetRows + rowsPerPiece - 1) / rowsPerPiece
    ThreadPool.parallelFor(outer * pieces) { piece in
      let o = piece / pieces
      let first = piece % pieces * rowsPerPiece
      let last = min(first + rowsPerPiece, targetRows)
      let to = target + o * targetRows * width * size
      let from = source + o * count * width * size
      (to + first * width * size).initializeMemory(
        as: UInt8.self, repeating: 0, count: (last - first) * width * size)
      for row in first..<last where row != skipped {
        let sum = to + row * width * size
        for position in (row == 0 ? 0 : ends[row - 1])..<ends[row] {
          adding.add(from + order[position] * width * size, to: sum)
        }
      }
    }
  }

  /// Leaves the positions of the indices in `order`, by index and then by position, and where each index's run ends
  /// in `ends`.
  private static func sort<Index: FixedWidthInteger>(
    _ indices: UnsafePointer<Index>, _ count: Int, _ limit: Int, _ ends: UnsafeMutablePointer<Int>,
    _ order: UnsafeMutablePointer<Int>
  ) {
    ends.update(repeating: 0, count: limit + 1)
    for i in 0..<count { ends[Int(indices[i]) + 1] += 1 }
    for row in 0..<limit { ends[row + 1] += ends[row] }
    // Each run's start moves to its end as it fills.
    for i in 0..<count {
      let row = Int(indices[i])
      order[ends[row]] = i
      ends[row] += 1
    }
  }
}

/// Adds one row of numbers to another.
struct RowAdding {
  private let width: Int
  private let format: RealFormat
  private let table = martlet_copy_table_for(InstructionSet.current.cValue)!

  init(width: Int, format: RealFormat) {
    self.width = width
    self.format = format
  }

  func add(_ row: UnsafeRawPointer, to sum: UnsafeMutableRawPointer) {
    if format == .float32 {
      table.pointee.add_f32(
        sum.assumingMemoryBound(to: Float.self), row.assumingMemoryBound(to: Float.self), width)
    } else {
      table.pointee.add_f64(
        sum.assumingMemoryBound(to: Double.self), row.assumingMemoryBound(to: Double.self), width)
    }
  }
}
