import Martlet
import MartletFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How ``SafetensorsFile`` treats the checksum that Martlet's writer leaves in a file.
public enum ChecksumPolicy: Sendable {
  /// A file may carry none; one that it carries must be right. Reads the whole file.
  case checkedIfPresent
  /// For files that Martlet itself wrote, such as checkpoints: damage to the checksum's own name is noticed too.
  case required
  /// Nothing but the header is read.
  case ignored
}

/// A safetensors file, open for reading.
///
/// Opening reads the header only and checks every rule of the format
/// (<https://github.com/huggingface/safetensors#format>) before anything is allocated for the data: sizes, types,
/// that names are unique and that tensors lie back to back and fill the file. Bytes are then read tensor by
/// tensor. It may be used from several threads.
public final class SafetensorsFile: Sendable {
  /// The largest header that is read or written, as in the reference implementation.
  static let largestHeader = 100_000_000

  /// The key of the checksum among the ``metadata`` of files of Martlet's own.
  package static let checksumKey = SafetensorsHeader.checksumKey
  /// Of the whole file.
  public var byteCount: Int { file.byteCount }

  /// The names of the tensors in the order of their bytes.
  public let names: [String]
  /// The strings under `__metadata__`.
  public let metadata: [String: String]

  private let file: ReadableFile
  private let entries: [String: SafetensorsEntry]
  private let header: [UInt8]
  private let checksumRange: Range<Int>?

  /// Opens a file and checks its header.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - checksum: What to do about a checksum.
  /// - Throws: ``MartletError`` that names the file and what is wrong with it.
  public init(contentsOf url: URL, checksum: ChecksumPolicy = .checkedIfPresent) throws {
    let file = try ReadableFile(url.relativePath, operation: "safetensors")
    let path = file.path
    guard file.byteCount >= 8 else {
      throw MartletError("safetensors", "\(path): expected at least 8 bytes, got \(file.byteCount)")
    }
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { try file.read(at: 0, into: $0) }
    length = UInt64(littleEndian: length)
    guard length <= Self.largestHeader else {
      throw MartletError(
        "safetensors",
        "\(path): expected a header of at most \(Self.largestHeader) bytes, got \(length); is this a safetensors file?"
      )
    }
    guard Int(length) <= file.byteCount - 8 else {
      throw MartletError(
        "safetensors",
        "\(path): expected \(length) bytes of header, got \(file.byteCount - 8): the file is cut short")
    }
    var header = [UInt8](repeating: 0, count: Int(length))
    try header.withUnsafeMutableBytes { try file.read(at: 8, into: $0) }
    let parsed = try SafetensorsHeader(header, dataByteCount: file.byteCount - 8 - header.count, file: path)
    self.file = file
    self.header = header
    names = parsed.entries.map(\.name)
    metadata = parsed.metadata
    checksumRange = parsed.checksumRange
    entries = Dictionary(uniqueKeysWithValues: parsed.entries.map { ($0.name, $0) })
    guard checksum != .ignored else { return }
    let isChecked = try verifyChecksum()
    guard isChecked || checksum != .required else {
      throw MartletError(
        "safetensors", "\(path): expected a checksum in the header, got none: the file is damaged")
    }
  }

  /// What the file says of a tensor.
  /// - Throws: ``MartletError`` if there is no tensor of that name.
  public func entry(_ name: String) throws -> SafetensorsEntry {
    guard let entry = entries[name] else {
      throw MartletError("safetensors", "\(file.path): expected a tensor '\(name)', got none of that name")
    }
    return entry
  }

  /// Whether there is a tensor of that name.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  /// A tensor's elements as they lie in the file: little-endian, row-major.
  public func bytes(of name: String) throws -> [UInt8] {
    let count = try entry(name).byteRange.count
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      try read(
        name, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = count
    }
  }

  /// Copies a tensor's elements into memory of just their size.
  public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws {
    let range = try entry(name).byteRange
    precondition(buffer.count == range.count, "a buffer of \(buffer.count) bytes for \(range.count)")
    try file.read(at: 8 + header.count + range.lowerBound, into: buffer)
  }

  /// Compares the file with the checksum that Martlet's writer left in it.
  ///
  /// The checksum is the CRC-32C of the header, with zeros in place of the checksum's own digits, and of the data.
  /// - Returns: `false` if the file carries none.
  /// - Throws: ``MartletError`` if they differ, or if the file cannot be read.
  @discardableResult
  public func verifyChecksum() throws -> Bool {
    guard let checksumRange, let expected = metadata[SafetensorsHeader.checksumKey] else { return false }
    var crc = CRC32C()
    var header = header
    for i in checksumRange { header[i] = UInt8(ascii: "0") }
    header.withUnsafeBytes { crc.update($0) }
    var offset = 8 + header.count
    var buffer = [UInt8](repeating: 0, count: min(1 << 20, file.byteCount - offset))
    while offset < file.byteCount {
      let count = min(buffer.count, file.byteCount - offset)
      try buffer.withUnsafeMutableBytes { bytes in
        let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
        try file.read(at: offset, into: part)
        crc.update(UnsafeRawBufferPointer(part))
      }
      offset += count
    }
    guard hexadecimal(crc.value) == expected else {
      throw MartletError(
        "safetensors",
        "\(file.path): expected checksum \(expected), got \(hexadecimal(crc.value)): the file is damaged")
    }
    return true
  }
}

/// Eight hexadecimal digits.
func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
