import Martlet
import MartletFiles
import MartletKernels
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A predictor's constants in a file, as its kernels read them: to start from by mapping them into memory, without reading
/// weights, checking and packing them.
///
/// The file is `martletp`, the header's length (8 bytes, little-endian), its CRC-32C (4 bytes), 4 zeros, the header as JSON
/// and, each at a multiple of 64 bytes, the constants. All of it is checked: the header by
/// its checksum, and each constant by the one that the header has of it.
public struct PackedModel: Sendable {
  /// What its user needs to make the model again, without its weights.
  public var description: String
  /// Which weights it was made of, such as their checksum.
  public var source: String
  /// What the predictor's kernels read, with the types of its arguments.
  public var constants: PackedConstants
  /// What the constants of a file have to be.
  private var expected: (path: String, constants: [PackedHeader.Constant])?

  public init(description: String, source: String, constants: PackedConstants) {
    self.description = description
    self.source = source
    self.constants = constants
  }

  private static let magic = Array("martletp".utf8)
  private static let prefixByteCount = 24
  private static let alignment = 64
  private static let largestHeader = 16 << 20

  // MARK: Writing

  /// Writes the file, which takes its name when it is whole.
  ///
  /// - Throws: ``MartletError`` that names the file when it cannot be written.
  public func write(to url: URL) throws {
    var offset = 0
    let entries = constants.entries.map { entry -> PackedHeader.Constant in
      defer { offset += Self.aligned(entry.type.byteCount) }
      return .init(
        meaning: entry.meaning, type: .init(entry.type), offset: offset,
        checksum: entry.withBytes(Self.checksum))
    }
    let header = PackedHeader(
      version: martletVersion, revision: PackedHeader.currentRevision,
      instructionSet: InstructionSet.current.rawValue, description: description, source: source,
      argumentTypes: constants.argumentTypes.map { .init($0) }, arenaByteCount: constants.arenaByteCount,
      constants: entries)
    let encoder = JSONEncoder()
    // The same bytes each time.
    encoder.outputFormatting = .sortedKeys
    let text = Array(try encoder.encode(header))
    var start =
      Self.magic + Self.littleEndian(UInt64(text.count)) + Self.littleEndian(CRC32C.checksum(text)) + [
        0, 0, 0, 0,
      ] + text
    start += [UInt8](repeating: 0, count: Self.aligned(start.count) - start.count)
    try AtomicFile.writeInBlocks(to: url.relativePath, operation: "packed") { append in
      try start.withUnsafeBytes { try append($0) }
      for entry in constants.entries {
        try entry.withBytes { try append($0) }
        let rest = [UInt8](
          repeating: 0, count: Self.aligned(entry.type.byteCount) - entry.type.byteCount)
        try rest.withUnsafeBytes { try append($0) }
      }
    }
  }

  private static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  // MARK: Reading

  /// Whether a file begins as one of these.
  public static func isPacked(_ url: URL) throws -> Bool {
    let file = try ReadableFile(url.relativePath, operation: "packed")
    return try file.bytes(0..<min(magic.count, file.byteCount)).elementsEqual(magic)
  }

  /// Maps a file and checks it.
  ///
  /// - Throws: ``MartletError`` that names the file and what is wrong with it: it is none of these, damaged, or made for
  ///   another version or another instruction set.
  public init(contentsOf url: URL) throws {
    try self.init(mapping: url)
    if let damage { throw damage }
  }

  /// Maps a file, of which all but the constants is checked.
  init(mapping url: URL) throws {
    let file = try MappedFile(url, operation: "packed")
    do {
      let (header, start) = try Self.header(of: file.bytes)
      description = header.description
      source = header.source
      constants = PackedConstants(
        argumentTypes: try header.argumentTypes.map { try $0.type() },
        entries: try header.constants.map { constant in
          let type = try constant.type.type()
          let room = file.byteCount - start
          try require(
            constant.offset >= 0 && constant.offset % Self.alignment == 0 && type.byteCount <= room
              && constant.offset <= room - type.byteCount, "packed",
            "expected \(type.byteCount) bytes at \(constant.offset) of \(room): the file is cut short or damaged"
          )
          let bytes = UnsafeRawBufferPointer(
            rebasing: file.bytes[(start + constant.offset)..<(start + constant.offset + type.byteCount)])
          return PackedConstants.Entry(
            meaning: constant.meaning, type: type,
            storage: type.byteCount == 0 ? try Storage(byteCount: 0) : Storage(reading: bytes, of: file))
        }, arenaByteCount: header.arenaByteCount ?? 0)
      expected = (file.path, header.constants)
    } catch let error as MartletError {
      throw error.naming(file.path)
    }
  }

  /// Reads all constants, which brings them to memory for whoever uses them, and compares their checksums: the first
  /// that is another.
  var damage: MartletError? {
    guard let expected else { return nil }
    let entries = constants.entries
    let damaged = Mutex<Int?>(nil)
    ThreadPool.parallelFor(entries.count) { index in
      guard entries[index].withBytes(Self.checksum) != expected.constants[index].checksum else { return }
      damaged.withLock { $0 = min($0 ?? index, index) }
    }
    return damaged.withLock { $0 }.map { index in
      MartletError(
        "packed",
        "expected another checksum of \(printable(expected.constants[index].meaning)): the file is damaged"
      ).naming(expected.path)
    }
  }

  /// The header, and where constants start.
  private static func header(of bytes: UnsafeRawBufferPointer) throws -> (PackedHeader, start: Int) {
    try require(
      bytes.count >= prefixByteCount && bytes.prefix(magic.count).elementsEqual(magic), "packed",
      "expected a packed model, got another file")
    let length = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
    try require(
      length <= largestHeader && Int(length) <= bytes.count - prefixByteCount, "packed",
      "expected a header of \(length) bytes, got \(bytes.count - prefixByteCount) bytes: the file is cut short or damaged"
    )
    let text = UnsafeRawBufferPointer(rebasing: bytes[prefixByteCount..<prefixByteCount + Int(length)])
    let found = Self.checksum(text)
    try require(
      found == checksum, "packed",
      "expected checksum \(hexadecimal(checksum)), got \(hexadecimal(found)): the header is damaged")
    let header: PackedHeader
    do {
      header = try JSONDecoder().decode(PackedHeader.self, from: Data(text))
    } catch {
      // Its checksum is right: it was written so.
      throw MartletError(
        "packed", "expected a header as Martlet \(martletVersion) writes it, got another program's")
    }
    try require(
      header.version == martletVersion, "packed",
      "expected a model packed by Martlet \(martletVersion), got one by \(printable(header.version))")
    try require(
      header.revision == PackedHeader.currentRevision, "packed",
      "expected revision \(PackedHeader.currentRevision) of packed constants, got \(header.revision)")
    try require(
      header.instructionSet == InstructionSet.current.rawValue, "packed",
      "expected a model packed for \(InstructionSet.current), got one for \(printable(header.instructionSet))"
    )
    return (header, aligned(prefixByteCount + Int(length)))
  }
}
