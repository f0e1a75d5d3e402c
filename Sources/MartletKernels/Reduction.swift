import CMartletKernels

/// What a set of numbers becomes.
public enum ReductionFunction: Hashable, Sendable, CaseIterable {
  case sum, sumOfSquares, maximum, minimum, product

  var cValue: martlet_reduction {
    switch self {
    case .sum: MARTLET_REDUCE_SUM
    case .sumOfSquares: MARTLET_REDUCE_SUM_OF_SQUARES
    case .maximum: MARTLET_REDUCE_MAXIMUM
    case .minimum: MARTLET_REDUCE_MINIMUM
    case .product: MARTLET_REDUCE_PRODUCT
    }
  }
}

/// A reduction of a dense array of floating-point numbers over any of its dimensions.
///
/// Work is cut by shape into pieces of about 32,768 elements, each reduced to double; where several pieces make one
/// result they are put together in order.
public struct ReductionKernel {
  struct Dimension {
    var size: Int
    var stride: Int
    /// How far apart neighbours along it are in the result; `nil` where it is reduced.
    var resultStride: Int?
  }

  /// Whether the dimension that varies fastest is reduced: rows are folded then, columns otherwise.
  private let foldsRows: Bool
  /// Neighbours that are folded, when rows are.
  private var rowLength = 1
  /// Neighbours that each become a result, when columns are folded.
  private var columns = 1
  private var columnResultStride = 1
  /// The other kept dimensions, the slowest first.
  private var kept = Odometer([])
  /// The other reduced dimensions, the slowest first.
  private var reduced = Odometer([])

  // A unit is a segment of a row, or a row of one strip of columns. A result takes `unitCount` of them.
  private var segmentLength = 1
  private var segmentsPerRow = 1
  private var stripWidth = 1
  private var strips = 1
  private var unitsPerPiece = 1
  private var piecesPerResult = 1
  /// More than 1 only where a result is one piece.
  private var resultsPerPiece = 1

  /// Elements of the result.
  public let resultCount: Int
  /// How many elements make one result.
  public let reducedElementCount: Int

  private static let leastRowsOfPiece = 64
  private static let widestStrip = 1024

  /// - Parameters:
  ///   - shape: The input's sizes in memory order.
  ///   - resultStrides: For each of them, how far apart neighbours along it are in the result; `nil` for those that
  ///     are reduced.
  public init(shape: [Int], resultStrides: [Int?]) {
    var results = 1
    var elements = 1
    var dimensions: [Dimension] = []  // the fastest first
    var stride = 1
    for (size, resultStride) in zip(shape, resultStrides).reversed() {
      if resultStride == nil { elements *= size } else { results *= size }
      defer { stride *= size }
      guard size != 1 else { continue }
      if let last = dimensions.last, resultStride == last.resultStride.map({ $0 * last.size }) {
        dimensions[dimensions.count - 1].size *= size
      } else {
        dimensions.append(Dimension(size: size, stride: stride, resultStride: resultStride))
      }
    }
    resultCount = results
    reducedElementCount = elements

    foldsRows = dimensions.first.map { $0.resultStride == nil } ?? true
    if let inner = dimensions.first {
      if let resultStride = inner.resultStride {
        columns = inner.size
        columnResultStride = resultStride
      } else {
        rowLength = inner.size
      }
    }
    kept = Odometer(dimensions.dropFirst().filter { $0.resultStride != nil }.reversed())
    reduced = Odometer(dimensions.dropFirst().filter { $0.resultStride == nil }.reversed())

    segmentLength = min(rowLength, Pieces.elementCount)
    segmentsPerRow = segmentLength == 0 ? 0 : (rowLength + segmentLength - 1) / segmentLength
    stripWidth = min(columns, Self.widestStrip)
    strips = stripWidth == 0 ? 0 : (columns + stripWidth - 1) / stripWidth
    let unitElements = max(1, foldsRows ? segmentLength : stripWidth)
    let unitCount = max(1, reduced.count * segmentsPerRow)
    unitsPerPiece = max(foldsRows ? 1 : Self.leastRowsOfPiece, Pieces.elementCount / unitElements)
    piecesPerResult = (unitCount + unitsPerPiece - 1) / unitsPerPiece
    if piecesPerResult == 1 { resultsPerPiece = max(1, Pieces.elementCount / (unitCount * unitElements)) }
  }

  /// Scratch memory that ``run(_:_:x:y:resultType:scale:workspace:)`` needs.
  public var workspaceByteCount: Int {
    piecesPerResult > 1 && resultCount > 0 ? kept.count * piecesPerResult * columns * 8 : 0
  }

  /// y = scale · reduction of x.
  ///
  /// - Parameters:
  ///   - type: x's elements, floating point.
  ///   - resultType: y's elements, floating point.
  ///   - workspace: ``workspaceByteCount`` bytes.
  public func run(
    _ function: ReductionFunction, _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutableRawPointer,
    resultType: ElementType, scale: Double = 1, workspace: UnsafeMutableRawPointer
  ) {
    guard resultCount > 0 else { return }
    let result = ReductionResult(start: y, type: resultType, scale: scale)
    guard reducedElementCount > 0 else {
      let nothing: Double = function == .product ? 1 : 0
      for i in 0..<resultCount { result.store(nothing, at: i) }
      return
    }
    let leaf = Leaf(function: function, type: type, x: x)
    if piecesPerResult == 1 {
      let groups = (kept.count + resultsPerPiece - 1) / resultsPerPiece
      inParallel(groups * strips) { item in
        let (group, strip) = (item / strips, item % strips)
        wholeResults(
          group * resultsPerPiece..<min(kept.count, (group + 1) * resultsPerPiece), strip, leaf, result)
      }
      return
    }
    let partials = workspace.assumingMemoryBound(to: Double.self)
    inParallel(kept.count * piecesPerResult * strips) { item in
      let (line, strip) = (item / strips, item % strips)
      let (index, piece) = (line / piecesPerResult, line % piecesPerResult)
      let units = piece * unitsPerPiece..<min(reduced.count * segmentsPerRow, (piece + 1) * unitsPerPiece)
      fold(units, of: index, strip, leaf, into: partials + line * columns + strip * stripWidth)
    }
    inParallel(kept.count) { index in
      let first = partials + index * piecesPerResult * columns
      for piece in 1..<piecesPerResult {
        martlet_reduce_merge(function.cValue, first, first + piece * columns, columns)
      }
      let offset = kept.resultOffset(index)
      for c in 0..<columns { result.store(first[c], at: offset + c * columnResultStride) }
    }
  }

  private func inParallel(_ items: Int, _ body: (Int) -> Void) {
    if items == 1 { body(0) } else { ThreadPool.parallelFor(items, body) }
  }

  /// Folds all units of some results, a strip of columns each, and stores them.
  private func wholeResults(_ indices: Range<Int>, _ strip: Int, _ leaf: Leaf, _ result: ReductionResult) {
    let first = strip * stripWidth
    let width = min(stripWidth, columns - first)
    let capacity = foldsRows ? 256 : width
    withUnsafeTemporaryAllocation(of: Double.self, capacity: capacity) { buffer in
      let values = buffer.baseAddress!
      var index = indices.lowerBound
      while index < indices.upperBound {
        let offset = kept.resultOffset(index)
        if foldsRows, reduced.count == 1, segmentsPerRow == 1, let last = kept.last {
          // Rows of neighbouring results in one call.
          let count = min(capacity, last.size - index % last.size, indices.upperBound - index)
          leaf.rows(kept.offset(index), stride: last.stride, count: count, length: rowLength, values)
          for j in 0..<count { result.store(values[j], at: offset + j * last.resultStride!) }
          index += count
        } else {
          fold(0..<reduced.count * segmentsPerRow, of: index, strip, leaf, into: values)
          for c in 0..<width { result.store(values[c], at: offset + (first + c) * columnResultStride) }
          index += 1
        }
      }
    }
  }

  /// Folds some units of one result, in order.
  private func fold(
    _ units: Range<Int>, of index: Int, _ strip: Int, _ leaf: Leaf, into values: UnsafeMutablePointer<Double>
  ) {
    let start = kept.offset(index) + strip * stripWidth
    let width = min(stripWidth, columns - strip * stripWidth)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: max(width, 64)) { buffer in
      let part = buffer.baseAddress!
      var unit = units.lowerBound
      var isFirst = true
      func take(_ source: UnsafePointer<Double>, _ count: Int) {
        if isFirst {
          values.update(from: source, count: count)
          isFirst = false
        } else {
          martlet_reduce_merge(leaf.function.cValue, values, source, count)
        }
      }
      while unit < units.upperBound {
        let line = unit / segmentsPerRow
        let left = reduced.last.map { min($0.size - line % $0.size, units.upperBound - unit) } ?? 1
        let stride = reduced.last?.stride ?? 0
        let offset = start + reduced.offset(line)
        if !foldsRows {
          leaf.columns(offset, stride: stride, count: left, columns: width, part)
          take(part, width)
          unit += left
        } else if segmentsPerRow > 1 {
          let segment = (unit % segmentsPerRow) * segmentLength
          leaf.rows(
            offset + segment, stride: 0, count: 1, length: min(segmentLength, rowLength - segment), part)
          take(part, 1)
          unit += 1
        } else {
          let count = min(left, 64)
          leaf.rows(offset, stride: stride, count: count, length: rowLength, part)
          for i in 0..<count { take(part + i, 1) }
          unit += count
        }
      }
    }
  }

  private struct Leaf {
    let function: ReductionFunction
    let table: martlet_reduce_table_t
    let x: UnsafeRawPointer
    let size: Int

    init(function: ReductionFunction, type: ElementType, x: UnsafeRawPointer) {
      self.function = function
      table = martlet_reduce_table(InstructionSet.current.cValue, type == .float64 ? 1 : 0).pointee
      self.x = x
      size = type.byteCount
    }

    func rows(
      _ offset: Int, stride: Int, count: Int, length: Int, _ out: UnsafeMutablePointer<Double>
    ) {
      table.rows(function.cValue, x + offset * size, stride, count, length, out)
    }

    func columns(
      _ offset: Int, stride: Int, count: Int, columns: Int, _ out: UnsafeMutablePointer<Double>
    ) {
      table.columns(function.cValue, x + offset * size, stride, count, columns, out)
    }
  }
}

/// Where results in double go.
private struct ReductionResult {
  let start: UnsafeMutableRawPointer
  let type: ElementType
  let scale: Double

  func store(_ value: Double, at index: Int) {
    if type == .float64 {
      start.assumingMemoryBound(to: Double.self)[index] = value * scale
    } else {
      start.assumingMemoryBound(to: Float.self)[index] = Float(value * scale)
    }
  }
}

/// Counts through several dimensions, the last one fastest.
private struct Odometer {
  let dimensions: [ReductionKernel.Dimension]
  let count: Int

  init(_ dimensions: [ReductionKernel.Dimension]) {
    self.dimensions = dimensions
    count = dimensions.reduce(1) { $0 * $1.size }
  }

  var last: ReductionKernel.Dimension? { dimensions.last }

  func offset(_ index: Int) -> Int {
    var rest = index
    var offset = 0
    for dimension in dimensions.reversed() {
      offset += rest % dimension.size * dimension.stride
      rest /= dimension.size
    }
    return offset
  }

  func resultOffset(_ index: Int) -> Int {
    var rest = index
    var offset = 0
    for dimension in dimensions.reversed() {
      offset += rest % dimension.size * (dimension.resultStride ?? 0)
      rest /= dimension.size
    }
    return offset
  }
}

/// The index of the largest or smallest element along one dimension.
public enum ArgReductionKernel {
  /// For each of `outer` × `inner`: the first index among `count` elements, `inner` apart, of the largest one.
  /// What is not a number counts as largest, and as smallest.
  ///
  /// - Parameters:
  ///   - type: x's elements, floating point.
  public static func run(
    smallest: Bool, _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutablePointer<Int64>, outer: Int,
    count: Int,
    inner: Int
  ) {
    let table = martlet_reduce_table(InstructionSet.current.cValue, type == .float64 ? 1 : 0).pointee
    let flag: Int32 = smallest ? 1 : 0
    let size = type.byteCount
    if inner == 1 {
      Pieces.forEach(of: outer, length: max(1, Pieces.elementCount / count)) { range in
        table.index_rows(
          flag, x + range.lowerBound * count * size, count, range.count, 1, count, y + range.lowerBound)
      }
      return
    }
    Pieces.forEach(of: outer, length: max(1, Pieces.elementCount / max(count * inner, 1))) { range in
      for i in range {
        table.index_rows(flag, x + i * count * inner * size, 1, inner, inner, count, y + i * inner)
      }
    }
  }
}
