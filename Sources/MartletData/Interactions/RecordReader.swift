import Martlet
import MartletFiles

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reads a text file record by record, and holds one block of it at a time.
final class RecordReader {
  /// Text that is longer than this without an end of the record is refused: it is no table, or a quote in it is never
  /// closed, and would be read whole otherwise.
  static let longestRecord = 16 << 20

  let path: String
  /// The file's size in bytes; nil for what has none, such as a pipe.
  let byteCount: Int?
  /// Bytes of the file before the next record.
  private(set) var position = 0
  /// The line on which the record that was read last begins, from 1.
  private(set) var line = 0
  /// The number of fields of the record that was read last.
  private(set) var fieldCount = 0

  private let file: FileDescriptor
  private var buffer: UnsafeMutableBufferPointer<UInt8>
  private var next = 0
  private var end = 0
  private var isAtEnd = false
  private var nextLine = 1
  private var fields: UnsafeMutableBufferPointer<RecordScanner.Field>

  /// - Parameter blockByteCount: Bytes that are read at a time. Tests read fewer.
  init(path: String, blockByteCount: Int = 1 << 20) throws {
    self.path = path
    func failure(_ reason: String) -> MartletError {
      MartletError("interactions", "\(path): cannot be read: \(reason)")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(systemErrorText(errno)) }
    let file = FileDescriptor(number: descriptor)
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw failure(systemErrorText(errno)) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure("it is a folder") }
    byteCount = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    self.file = file
    buffer = .allocate(capacity: max(blockByteCount, 4))
    fields = .allocate(capacity: 64)
  }

  deinit {
    buffer.deallocate()
    fields.deallocate()
  }

  /// An error about the record that was read last.
  func failure(_ message: String) -> MartletError {
    MartletError("interactions", "\(path), line \(line): \(message)")
  }

  /// Goes over a byte-order mark, and tells whether there is anything after it.
  func begin() throws -> Bool {
    while end < 3, !isAtEnd { try fill() }
    if end >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { next = 3 }
    while next == end, !isAtEnd { try fill() }
    return next < end
  }

  /// The line that is read next, without its end.
  func peekLine() throws -> [UInt8] {
    while true {
      let text = UnsafeBufferPointer(rebasing: buffer[next..<end])
      let length = text.firstIndex(of: UInt8(ascii: "\n"))
      if length != nil || isAtEnd {
        let line = text[..<(length ?? text.count)]
        return Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
      }
      try fill()
    }
  }

  /// Reads the next record, whose fields are valid until the one after it.
  ///
  /// - Returns: Whether there was one.
  @inline(__always)
  func readRecord(_ scanner: RecordScanner) throws -> Bool {
    line = nextLine
    while true {
      if next == end, isAtEnd { return false }
      let outcome = scanner.scan(
        UnsafePointer(buffer.baseAddress!), next..<end, isLast: isAtEnd, fields: fields)
      switch outcome {
      case .record(let after, let count, let lineBreaks):
        if count > fields.count {
          fields.deallocate()
          fields = .allocate(capacity: count)
          continue
        }
        position += after - next
        next = after
        nextLine += lineBreaks
        fieldCount = count
        return true
      case .incomplete: try fill()
      case .openQuote: throw failure("a quote that is opened in the record of this line is never closed")
      case .textAfterQuote(let lineBreaks):
        line += lineBreaks
        throw failure("expected a separator or the end of the line after a closing quote, got other text")
      }
    }
  }

  /// Whether the record that was read last is a line with nothing on it.
  var isBlank: Bool { fieldCount == 1 && fields[0].start == fields[0].end }

  /// The text of a field of the record that was read last, valid until the next call of this object.
  @inline(__always)
  func field(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    if fields[index].hasDoubledQuotes { makeQuotesSingle(index) }
    return UnsafeBufferPointer(rebasing: buffer[fields[index].start..<fields[index].end])
  }

  /// Rewrites a field where it lies, since its record will not be scanned again.
  private func makeQuotesSingle(_ index: Int) {
    var write = fields[index].start
    var read = write
    while read < fields[index].end {
      let byte = buffer[read]
      buffer[write] = byte
      read += byte == UInt8(ascii: "\"") ? 2 : 1
      write += 1
    }
    fields[index].end = write
    fields[index].hasDoubledQuotes = false
  }

  /// Reads more of the file behind what is left of it.
  private func fill() throws {
    let rest = end - next
    if rest == buffer.count {
      guard rest < Self.longestRecord else {
        line = nextLine
        throw failure(
          "expected a line of at most \(Self.longestRecord >> 20) MiB, got a longer one; is a quote never closed?"
        )
      }
      let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: buffer.count * 2)
      _ = larger.update(fromContentsOf: buffer)
      buffer.deallocate()
      buffer = larger
    } else if next > 0, rest > 0 {
      buffer.baseAddress!.update(from: buffer.baseAddress! + next, count: rest)
    }
    next = 0
    end = rest
    let room = buffer.count - rest
    guard let count = file.read(into: buffer.baseAddress! + rest, count: room) else {
      throw MartletError("interactions", "\(path): cannot be read: \(systemErrorText(errno))")
    }
    end += count
    isAtEnd = count < room
  }
}
