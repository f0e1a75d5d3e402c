import Martlet

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The header of a safetensors file, parsed and checked against the rules of the format.
///
/// The header is JSON of one fixed shape, `{"name": {"dtype": …, "shape": […], "data_offsets": [b, e]}, …}` with
/// an optional `__metadata__` of strings. A general JSON decoder keeps the last of two equal keys without a word,
/// where the format forbids them, and accepts numbers that are no sizes; this parser reads that shape and nothing
/// else.
struct SafetensorsHeader {
  /// The key under which Martlet's writer keeps the checksum of a file.
  static let checksumKey = "martlet.crc32c"

  private(set) var metadata: [String: String] = [:]
  /// In the order of their bytes.
  private(set) var entries: [SafetensorsEntry] = []
  /// Where the checksum's digits lie in the header's bytes, without the quotes.
  private(set) var checksumRange: Range<Int>?

  /// - Parameters:
  ///   - bytes: The header as it is in the file.
  ///   - dataByteCount: Bytes that follow the header.
  ///   - file: The file's name for messages.
  init(_ bytes: [UInt8], dataByteCount: Int, file: String) throws {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw MartletError("safetensors", "\(file): expected a header in UTF-8, got other bytes")
    }
    var scanner = HeaderScanner(bytes: bytes, file: file)
    var names = Set<String>()
    try scanner.object { scanner, key in
      guard names.insert(key).inserted else {
        throw scanner.error("expected every name once, got '\(key)' twice")
      }
      if key == "__metadata__" {
        try readMetadata(&scanner)
      } else {
        entries.append(try Self.readEntry(&scanner, named: key))
      }
    }
    try scanner.end()
    try checkPlacement(dataByteCount: dataByteCount, file: file)
  }

  private mutating func readMetadata(_ scanner: inout HeaderScanner) throws {
    try scanner.object { scanner, key in
      let start = scanner.position
      let value = try scanner.string()
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw scanner.error("expected every key of __metadata__ once, got '\(key)' twice")
      }
      if key == Self.checksumKey {
        checksumRange = (start + 1)..<(scanner.position - 1)
        guard scanner.position - start == 10, value.utf8.count == 8 else {
          throw scanner.error("expected eight hexadecimal digits as \(Self.checksumKey), got '\(value)'")
        }
      }
    }
  }

  private static func readEntry(_ scanner: inout HeaderScanner, named name: String) throws -> SafetensorsEntry
  {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { scanner, key in
      let isRepeated: Bool
      switch key {
      case "dtype":
        isRepeated = typeName != nil
        typeName = try scanner.string()
      case "shape":
        isRepeated = shape != nil
        shape = try scanner.sizes()
      case "data_offsets":
        isRepeated = offsets != nil
        offsets = try scanner.sizes()
      default:
        throw scanner.error("expected dtype, shape and data_offsets for tensor '\(name)', got '\(key)'")
      }
      if isRepeated { throw scanner.error("expected '\(key)' once for tensor '\(name)', got it twice") }
    }
    guard let typeName, let shape, let offsets else {
      let missing = typeName == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
      throw scanner.error("expected \(missing) for tensor '\(name)', got none")
    }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw scanner.error("expected a known dtype for tensor '\(name)', got '\(typeName)'")
    }
    guard offsets.count == 2 else {
      throw scanner.error("expected two data_offsets for tensor '\(name)', got \(offsets)")
    }
    guard offsets[0] <= offsets[1] else {
      throw scanner.error("expected data_offsets that do not fall for tensor '\(name)', got \(offsets)")
    }
    guard let byteCount = type.byteCount(of: shape) else {
      throw scanner.error(
        "expected a shape that takes a countable number of whole bytes for tensor '\(name)', got \(typeName) \(shape)"
      )
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw scanner.error(
        "expected \(byteCount) bytes for tensor '\(name)' of \(typeName) \(shape), got data_offsets \(offsets)"
      )
    }
    return SafetensorsEntry(name: name, type: type, shape: shape, byteRange: offsets[0]..<offsets[1])
  }

  /// The tensors must fill the data section without a hole, an overlap or a byte left over, so that nothing can
  /// hide in a file.
  private mutating func checkPlacement(dataByteCount: Int, file: String) throws {
    entries.sort {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound, $0.name)
        < ($1.byteRange.lowerBound, $1.byteRange.upperBound, $1.name)
    }
    var end = 0
    for entry in entries {
      let start = entry.byteRange.lowerBound
      guard start == end else {
        throw MartletError(
          "safetensors",
          "\(file): expected tensor '\(entry.name)' to start at byte \(end) of the data, got \(start): "
            + (start < end ? "it overlaps another" : "there is a hole before it"))
      }
      end = entry.byteRange.upperBound
    }
    guard end == dataByteCount else {
      throw MartletError(
        "safetensors",
        "\(file): expected \(end) bytes of data, got \(dataByteCount)"
          + (dataByteCount < end ? ": the file is cut short" : ": something follows the last tensor"))
    }
  }
}

/// Reads the JSON of a safetensors header: objects, strings and arrays of sizes.
private struct HeaderScanner {
  let bytes: [UInt8]
  let file: String
  /// The next byte to read.
  private(set) var position = 0

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  func error(_ message: String) -> MartletError {
    MartletError("safetensors", "\(file): header byte \(position): \(message)")
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  /// Steps over `byte` if it is next.
  private mutating func take(_ byte: Character) -> Bool {
    guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: Character) throws {
    guard take(byte) else { throw error("expected '\(byte)', got \(next)") }
  }

  /// The next character for a message.
  private var next: String {
    guard position < bytes.count else { return "the header's end" }
    return "'\(String(decoding: bytes[position...].prefix(4), as: UTF8.self).prefix(1))'"
  }

  /// Reads `{"key": value, …}`, calling `member` where each value starts.
  mutating func object(_ member: (inout HeaderScanner, String) throws -> Void) throws {
    try expect("{")
    skipSpace()
    if take("}") { return }
    repeat {
      skipSpace()
      let key = try string()
      skipSpace()
      try expect(":")
      skipSpace()
      try member(&self, key)
      skipSpace()
    } while take(",")
    try expect("}")
  }

  /// Reads a string. Escapes, which hardly ever occur, are left to Foundation.
  mutating func string() throws -> String {
    let start = position
    try expect("\"")
    var hasEscape = false
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      guard bytes[position] >= 0x20 else { throw error("expected a string without control characters") }
      if bytes[position] == UInt8(ascii: "\\") {
        hasEscape = true
        position += 1
      }
      position += 1
    }
    guard position < bytes.count else {
      position = bytes.count
      throw error("expected '\"' at the end of a string, got \(next)")
    }
    position += 1
    guard hasEscape else { return String(decoding: bytes[(start + 1)..<(position - 1)], as: UTF8.self) }
    guard let text = try? JSONDecoder().decode(String.self, from: Data(bytes[start..<position])) else {
      throw error("expected a JSON string, got one with a wrong escape")
    }
    return text
  }

  /// Reads `[n, …]` of whole numbers that an `Int` can hold.
  mutating func sizes() throws -> [Int] {
    try expect("[")
    skipSpace()
    var sizes: [Int] = []
    if take("]") { return sizes }
    repeat {
      skipSpace()
      sizes.append(try size())
      skipSpace()
    } while take(",")
    try expect("]")
    return sizes
  }

  private mutating func size() throws -> Int {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
      position += 1
    }
    let digits = String(decoding: bytes[start..<position], as: UTF8.self)
    guard !digits.isEmpty, digits == "0" || !digits.hasPrefix("0") else {
      position = start
      throw error("expected a whole number that is not negative, got \(next)")
    }
    guard let size = Int(digits) else {
      throw error("expected a number below 2^63, got \(digits.prefix(40))")
    }
    return size
  }

  /// After the object only the padding may follow.
  mutating func end() throws {
    skipSpace()
    guard position == bytes.count else { throw error("expected the header's end, got \(next)") }
  }
}
