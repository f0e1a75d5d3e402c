import Martlet

/// Little-endian numbers, one after the other, from bytes in memory.
struct ByteScanner {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: [UInt8], at position: Int = 0) { self.init(bytes[...], at: position) }

  init(_ bytes: ArraySlice<UInt8>) { self.init(bytes, at: bytes.startIndex) }

  private init(_ bytes: ArraySlice<UInt8>, at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  var remaining: Int { bytes.endIndex - position }

  /// Whether the next four bytes are a record's mark.
  func starts(with mark: UInt32) -> Bool {
    var copy = self
    return (try? copy.integer(UInt32.self)) == mark
  }

  mutating func integer<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
    try bytes(MemoryLayout<Number>.size).reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
  }

  mutating func bytes(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= remaining else {
      throw MartletError("pytorch", "expected \(count) more bytes of an archive's record, got \(remaining)")
    }
    position += count
    return bytes[(position - count)..<position]
  }

  mutating func skip(_ count: Int) throws { _ = try bytes(count) }

  /// The content of the first field of a kind among fields of a kind, a length and so many bytes each.
  mutating func field(_ kind: UInt16) throws -> ByteScanner? {
    while remaining >= 4 {
      let found = try integer(UInt16.self)
      let content = try bytes(Int(try integer(UInt16.self)))
      if found == kind { return ByteScanner(content) }
    }
    return nil
  }
}
