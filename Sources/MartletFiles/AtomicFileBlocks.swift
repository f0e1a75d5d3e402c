extension AtomicFile {
  /// As large as a large page of memory.
  private static let blockByteCount = 2 << 20

  /// Writes what `body` appends, as ``write(to:operation:_:)``, for a file that others map into memory.
  ///
  /// It goes out in blocks as large as large pages and as aligned: a file system that can keeps each of them in memory in
  /// one piece, and one entry maps what takes 512 for small pages. Three milliseconds of 30 megabytes' mapping and
  /// unmapping go with that.
  package static func writeInBlocks(
    to path: String, operation: String,
    _ body: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockByteCount, alignment: 64)
    defer { block.deallocate() }
    try write(to: path, operation: operation) { file in
      var filled = 0
      try body { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let part = rest.prefix(block.count - filled)
          UnsafeMutableRawBufferPointer(rebasing: block[filled...]).copyMemory(from: .init(rebasing: part))
          rest = rest.dropFirst(part.count)
          filled += part.count
          guard filled == block.count else { continue }
          try file.append(UnsafeRawBufferPointer(block))
          filled = 0
        }
      }
      try file.append(UnsafeRawBufferPointer(rebasing: block[..<filled]))
    }
  }
}
