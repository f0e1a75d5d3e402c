/// The gradient of a table of which few rows have one.
public struct RowGradients {
  /// How many rows the table has, and of how many elements.
  public var rowCount: Int
  /// Elements of a row.
  public var width: Int
  /// Gradients of some rows, one after the other.
  public var rows: UnsafeRawPointer
  /// Which rows these are, ascending; without it, all of the table's.
  public var ids: UnsafePointer<Int32>?
  /// How many rows are given.
  public var count: Int

  /// - Parameter capacity: As many as there is room for in `ids`, which ends before with ``RowCoalescing/unused``.
  public init(
    rowCount: Int, width: Int, rows: UnsafeRawPointer, ids: UnsafePointer<Int32>, capacity: Int
  ) {
    (self.rowCount, self.width, self.rows, self.ids) = (rowCount, width, rows, ids)
    count = partitionPoint(capacity) { ids[$0] != RowCoalescing.unused }
  }

  /// A gradient for every row.
  public init(rowCount: Int, width: Int, rows: UnsafeRawPointer) {
    (self.rowCount, self.width, self.rows, count) = (rowCount, width, rows, rowCount)
  }

  func id(_ index: Int) -> Int { ids.map { Int($0[index]) } ?? index }

  /// The first gradient of a row from `row` on.
  func first(from row: Int) -> Int { partitionPoint(count) { id($0) < row } }
}

extension OptimizerSteps {
  /// Scratch bytes of ``run(_:_:parameter:state:gradients:workspace:)``.
  public static func rowsWorkspaceByteCount(_ type: ElementType) -> Int {
    Pieces.elementCount * type.byteCount
  }

  /// A step on a whole table, with gradients of zero for the rows that have none.
  public static func run(
    _ rule: some OptimizerRule, _ type: ElementType, parameter: UnsafeMutableRawPointer,
    state: [UnsafeMutableRawPointer], gradients: RowGradients, workspace: UnsafeMutableRawPointer
  ) {
    let (width, size) = (gradients.width, type.byteCount)
    workspace.initializeMemory(as: UInt8.self, repeating: 0, count: Pieces.elementCount * size)
    Pieces.forEach(of: gradients.rowCount, length: rowsPerPiece(width)) { range in
      func leave(_ rows: Range<Int>) {
        var next = rows.lowerBound * width
        while next < rows.upperBound * width {
          let count = min(rows.upperBound * width - next, Pieces.elementCount)
          rule.change(type, parameter, state, by: workspace, first: next, count: count)
          next += count
        }
      }
      var next = range.lowerBound
      for index in gradients.first(from: range.lowerBound)..<gradients.first(from: range.upperBound) {
        let row = gradients.id(index)
        leave(next..<row)
        rule.change(
          type, parameter, state, by: gradients.rows + index * width * size, first: row * width, count: width)
        next = row + 1
      }
      leave(next..<range.upperBound)
    }
  }

  /// A step on the rows whose gradient is not zero; the others, and what is kept for them, stay as they are.
  public static func runSparsely(
    _ rule: some OptimizerRule, _ type: ElementType, parameter: UnsafeMutableRawPointer,
    state: [UnsafeMutableRawPointer], gradients: RowGradients
  ) {
    let (width, size) = (gradients.width, type.byteCount)
    Pieces.forEach(of: gradients.count, length: rowsPerPiece(width)) { range in
      for index in range {
        let gradient = gradients.rows + index * width * size
        guard !isZero(gradient, type, width) else { continue }
        rule.change(
          type, parameter, state, by: gradient, first: gradients.id(index) * width, count: width)
      }
    }
  }

  private static func rowsPerPiece(_ width: Int) -> Int { max(Pieces.elementCount / max(width, 1), 1) }

  private static func isZero(_ row: UnsafeRawPointer, _ type: ElementType, _ width: Int) -> Bool {
    func isZero<Real: BinaryFloatingPoint>(_: Real.Type) -> Bool {
      let row = row.assumingMemoryBound(to: Real.self)
      return (0..<width).allSatisfy { row[$0] == 0 }
    }
    return type == .float64 ? isZero(Double.self) : isZero(Float.self)
  }
}

/// How many of the first of `count` positions have what all before some position have, and none from there on.
private func partitionPoint(_ count: Int, _ isBefore: (Int) -> Bool) -> Int {
  var (low, high) = (0, count)
  while low < high {
    let middle = (low + high) / 2
    if isBefore(middle) { low = middle + 1 } else { high = middle }
  }
  return low
}
