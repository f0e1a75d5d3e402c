import CMartletKernels

/// Sums of rows by the index that each is for, without a table that has all indices: what the gradient of looking up a
/// few rows of a large table is.
public enum RowCoalescing {
  /// Rows with an index for each.
  public struct Source {
    /// One after the other.
    public var rows: UnsafeRawPointer
    /// One for each row.
    public var indices: IndexPointer
    /// How many rows there are.
    public var count: Int
    /// An index whose rows are left out.
    public var skipped: Int?

    public init(rows: UnsafeRawPointer, indices: IndexPointer, count: Int, skipped: Int?) {
      self.rows = rows
      self.indices = indices
      self.count = count
      self.skipped = skipped
    }
  }

  /// What stands in place of an index behind the last one.
  public static let unused: Int32 = -1

  private static let largestPieceCount = 64
  private static let digitBits = 8

  /// Scratch bytes for `count` rows of `width` elements, over all sources.
  public static func workspaceByteCount(count: Int, width: Int, format: RealFormat) -> Int {
    3 * ScratchCursor.padded((count + 1) * MemoryLayout<UInt64>.size)
      + ScratchCursor.padded(min(largestPieceCount, count) * width * format.byteCount)
  }

  /// Leaves the indices that occur in `ids`, ascending and each once, and the sum of each one's rows in `sums`; behind them
  /// ``unused`` and zeros.
  ///
  /// The rows of a source are summed from zero in their order, and then the sources' sums in theirs: the same bytes as a
  /// table for each source, added up.
  ///
  /// - Parameters:
  ///   - limit: Above all indices, which must have been checked.
  ///   - ids: As many as there are rows, as in `sums`.
  public static func run(
    _ sources: [Source], limit: Int, width: Int, format: RealFormat, sums: UnsafeMutableRawPointer,
    ids: UnsafeMutablePointer<Int32>, workspace: UnsafeMutableRawPointer
  ) {
    // Where the rows of each source are among those of all.
    var ranges: [Range<Int>] = []
    for source in sources {
      let first = ranges.last?.upperBound ?? 0
      ranges.append(first..<first + source.count)
    }
    let capacity = ranges.last?.upperBound ?? 0
    var cursor = ScratchCursor(workspace)
    func takeNumbers() -> UnsafeMutablePointer<UInt64> {
      cursor.take((capacity + 1) * MemoryLayout<UInt64>.size).bindMemory(
        to: UInt64.self, capacity: capacity + 1)
    }
    let (keys, spare, starts) = (takeNumbers(), takeNumbers(), takeNumbers())
    let partialSums = cursor.take(0)

    // A key is an index, and below it the place of its row among all.
    var keyCount = 0
    for (source, range) in zip(sources, ranges) {
      source.indices.forEach(count: source.count) { position, index in
        guard index != source.skipped else { return }
        keys[keyCount] = UInt64(index) << 32 | UInt64(range.lowerBound + position)
        keyCount += 1
      }
    }
    let sorted = UnsafePointer(sort(keys, spare, keyCount, limit: limit))
    func index(_ key: UInt64) -> Int32 { Int32(truncatingIfNeeded: key >> 32) }
    func place(_ key: UInt64) -> Int { Int(key & 0xFFFF_FFFF) }

    var idCount = 0
    for i in 0..<keyCount where i == 0 || index(sorted[i]) != index(sorted[i - 1]) {
      ids[idCount] = index(sorted[i])
      starts[idCount] = UInt64(i)
      idCount += 1
    }
    starts[idCount] = UInt64(keyCount)
    (ids + idCount).update(repeating: unused, count: capacity - idCount)

    let rowByteCount = width * format.byteCount
    func zero(_ row: UnsafeMutableRawPointer, count: Int = 1) {
      row.initializeMemory(as: UInt8.self, repeating: 0, count: count * rowByteCount)
    }
    zero(sums + idCount * rowByteCount, count: capacity - idCount)
    let adding = RowAdding(width: width, format: format)
    let rowsPerPiece = max(16384 / max(width, 1), (idCount + largestPieceCount - 1) / largestPieceCount, 1)
    ThreadPool.parallelFor((idCount + rowsPerPiece - 1) / rowsPerPiece) { piece in
      for row in piece * rowsPerPiece..<min((piece + 1) * rowsPerPiece, idCount) {
        let total = sums + row * rowByteCount
        let (begin, end) = (Int(starts[row]), Int(starts[row + 1]))
        var next = begin
        for (source, range) in zip(sources, ranges) where next < end && place(sorted[next]) < range.upperBound
        {
          // The first source's sum is all there is so far.
          let sum = next == begin ? total : partialSums + piece * rowByteCount
          zero(sum)
          while next < end, place(sorted[next]) < range.upperBound {
            adding.add(source.rows + (place(sorted[next]) - range.lowerBound) * rowByteCount, to: sum)
            next += 1
          }
          if sum != total { adding.add(sum, to: total) }
        }
      }
    }
  }

  /// Sorts keys by their upper halves, which are below `limit`, equal ones in the order they come in.
  ///
  /// - Returns: Where they are then.
  private static func sort(
    _ keys: UnsafeMutablePointer<UInt64>, _ spare: UnsafeMutablePointer<UInt64>, _ count: Int, limit: Int
  ) -> UnsafeMutablePointer<UInt64> {
    var (from, to) = (keys, spare)
    let digits = 1 << digitBits
    withUnsafeTemporaryAllocation(of: Int.self, capacity: digits) { ends in
      for shift in stride(from: 32, to: 32 + Int.bitWidth - (limit - 1).leadingZeroBitCount, by: digitBits) {
        ends.update(repeating: 0)
        func digit(_ key: UInt64) -> Int { Int(key >> UInt64(shift)) & (digits - 1) }
        for i in 0..<count { ends[digit(from[i])] += 1 }
        var sum = 0
        for i in 0..<digits { (ends[i], sum) = (sum, sum + ends[i]) }
        for i in 0..<count {
          let place = digit(from[i])
          to[ends[place]] = from[i]
          ends[place] += 1
        }
        swap(&from, &to)
      }
    }
    return from
  }
}
