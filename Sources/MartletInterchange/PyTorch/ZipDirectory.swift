import Martlet
import MartletFiles

/// Where the entries of a zip archive lie in its file (PKWARE's APPNOTE.TXT).
///
/// Only the directory at the file's end counts: in front of entries that were written as a stream sizes are zero. What
/// could make one reader see something else than another is refused: entries that overlap or share a name, that are
/// encrypted, and names in front of entries that the directory does not have.
struct ZipDirectory {
  /// The bytes of each entry as they are in the file.
  let entries: [String: Range<Int>]
  /// The first entry that is not stored as it is, if there is one.
  let compressed: String?

  /// - Throws: ``MartletError`` with the operation `pytorch` and no file in it.
  init(_ file: ReadableFile) throws {
    let place = try DirectoryPlace(file)
    let bytes = try file.bytes(place.range)
    var scanner = ByteScanner(bytes)
    var entries: [String: Range<Int>] = [:]
    var compressed: String?
    var occupied: [(range: Range<Int>, name: String)] = []
    for _ in 0..<place.entryCount {
      let entry = try DirectoryEntry(&scanner)
      let data = try entry.data(in: file, before: place.range.lowerBound)
      try require(
        entries.updateValue(data, forKey: entry.name) == nil, "pytorch",
        "expected every entry of the archive once, got '\(printable(entry.name))' twice")
      if entry.isCompressed { compressed = compressed ?? entry.name }
      occupied.append((entry.header..<data.upperBound, entry.name))
    }
    try require(
      scanner.remaining == 0, "pytorch",
      "expected an archive of \(place.entryCount) entries, got \(scanner.remaining) more bytes of directory")
    occupied.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    for (first, second) in zip(occupied, occupied.dropFirst()) {
      try require(
        first.range.upperBound <= second.range.lowerBound, "pytorch",
        "expected entries of the archive apart, got '\(printable(first.name))' and '\(printable(second.name))' in the "
          + "same place")
    }
    self.entries = entries
    self.compressed = compressed
  }
}

/// Where the directory lies: what the records at a file's end say.
private struct DirectoryPlace {
  let range: Range<Int>
  let entryCount: Int

  init(_ file: ReadableFile) throws {
    // The last record ends with a comment of up to 65535 bytes; in front of it may be those of a large archive.
    let tailStart = max(0, file.byteCount - (22 + 65535 + 20))
    let tail = try file.bytes(tailStart..<file.byteCount)
    guard let end = Self.endRecord(tail) else {
      throw MartletError(
        "pytorch", "expected the end of a zip archive, got something else: the file is cut short or damaged")
    }
    var scanner = ByteScanner(tail, at: end + 4)
    let disks = (try scanner.integer(UInt16.self), try scanner.integer(UInt16.self))
    let counts = (try scanner.integer(UInt16.self), try scanner.integer(UInt16.self))
    var byteCount = UInt64(try scanner.integer(UInt32.self))
    var start = UInt64(try scanner.integer(UInt32.self))
    try require(
      disks == (0, 0) && counts.0 == counts.1, "pytorch", "expected an archive in one file, got a part of one"
    )
    var count = UInt64(counts.0)
    var limit = tailStart + end
    if end >= 20, ByteScanner(tail, at: end - 20).starts(with: 0x0706_4B50) {
      var locator = ByteScanner(tail, at: end - 20 + 8)
      let place = try locator.integer(UInt64.self)
      guard limit >= 76, place <= UInt64(limit - 76) else { throw Self.outside }
      limit = Int(place)
      let large = try file.bytes(limit..<(limit + 56))
      guard ByteScanner(large, at: 0).starts(with: 0x0606_4B50) else { throw Self.outside }
      var record = ByteScanner(large, at: 32)
      // A number that does not fit the small record is all ones there; one that fits is the same in both.
      count = try Self.agreed(UInt64(counts.0), UInt64(UInt16.max), record.integer(UInt64.self))
      byteCount = try Self.agreed(byteCount, UInt64(UInt32.max), record.integer(UInt64.self))
      start = try Self.agreed(start, UInt64(UInt32.max), record.integer(UInt64.self))
    }
    guard start <= UInt64(limit), byteCount <= UInt64(limit) - start else { throw Self.outside }
    guard count <= byteCount / UInt64(DirectoryEntry.smallest) else {
      throw MartletError(
        "pytorch",
        "expected a directory that holds the archive's \(count) entries, got \(byteCount) bytes of it")
    }
    range = Int(start)..<Int(start + byteCount)
    entryCount = Int(count)
  }

  /// The last record whose comment ends with the file.
  private static func endRecord(_ tail: [UInt8]) -> Int? {
    var start = tail.count - 22
    while start >= 0 {
      var comment = ByteScanner(tail, at: start + 20)
      if ByteScanner(tail, at: start).starts(with: 0x0605_4B50),
        let length = try? comment.integer(UInt16.self), start + 22 + Int(length) == tail.count
      {
        return start
      }
      start -= 1
    }
    return nil
  }

  private static func agreed(_ small: UInt64, _ unknown: UInt64, _ large: UInt64) throws -> UInt64 {
    try require(
      small == unknown || small == large, "pytorch",
      "expected the two ends of the archive to agree, got \(small) and \(large)")
    return large
  }

  private static let outside = MartletError(
    "pytorch", "expected the archive's directory within the file, got one outside of it")
}

/// An entry as the directory has it.
private struct DirectoryEntry {
  /// Bytes that it takes without its name.
  static let smallest = 46

  let name: String
  /// Where the record in front of the entry's bytes starts.
  let header: Int
  let isCompressed: Bool
  private let byteCount: Int

  init(_ scanner: inout ByteScanner) throws {
    guard scanner.starts(with: 0x0201_4B50) else {
      throw MartletError("pytorch", "expected an entry in the archive's directory, got something else")
    }
    try scanner.skip(8)
    let flags = try scanner.integer(UInt16.self)
    let method = try scanner.integer(UInt16.self)
    try scanner.skip(8)
    var stored = UInt64(try scanner.integer(UInt32.self))
    var size = UInt64(try scanner.integer(UInt32.self))
    let nameCount = Int(try scanner.integer(UInt16.self))
    let extraCount = Int(try scanner.integer(UInt16.self))
    let commentCount = Int(try scanner.integer(UInt16.self))
    try scanner.skip(8)
    var header = UInt64(try scanner.integer(UInt32.self))
    guard let name = String(validating: try scanner.bytes(nameCount), as: UTF8.self) else {
      throw MartletError("pytorch", "expected names of entries in UTF-8, got other bytes")
    }
    var extra = ByteScanner(try scanner.bytes(extraCount))
    try scanner.skip(commentCount)
    // Numbers that do not fit their places follow in a field of their own, in this order, and only those.
    if var large = try extra.field(1) {
      if size == UInt32.max { size = try large.integer(UInt64.self) }
      if stored == UInt32.max { stored = try large.integer(UInt64.self) }
      if header == UInt32.max { header = try large.integer(UInt64.self) }
    }
    try require(flags & 1 == 0, "pytorch", "refuses '\(printable(name))', which is encrypted")
    guard stored <= UInt64(Int.max), header <= UInt64(Int.max) else {
      throw MartletError("pytorch", "expected '\(printable(name))' within the file, got it outside")
    }
    self.name = name
    self.header = Int(header)
    isCompressed = method != 0 || stored != size
    byteCount = Int(stored)
  }

  /// Where the entry's bytes lie, which only the record in front of them says.
  func data(in file: ReadableFile, before limit: Int) throws -> Range<Int> {
    let outside = MartletError(
      "pytorch", "expected '\(printable(name))' within the archive's \(limit) bytes, got it outside")
    guard limit >= 30, header <= limit - 30 else { throw outside }
    let record = try file.bytes(header..<(header + 30))
    var scanner = ByteScanner(record)
    let isRecord = scanner.starts(with: 0x0403_4B50)
    try scanner.skip(26)
    let nameCount = Int(try scanner.integer(UInt16.self))
    let start = header + 30 + nameCount + Int(try scanner.integer(UInt16.self))
    guard start <= limit, byteCount <= limit - start else { throw outside }
    let isNamed = try file.bytes((header + 30)..<(header + 30 + nameCount)).elementsEqual(name.utf8)
    try require(
      isRecord && isNamed, "pytorch", "expected '\(printable(name))' at offset \(header), got something else")
    return start..<(start + byteCount)
  }
}
