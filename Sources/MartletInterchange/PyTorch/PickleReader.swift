import Martlet
import MartletFiles

/// The bytes of a pickle, read through a buffer from a part of a file.
struct PickleReader {
  /// Bytes that a pickle may take. A state dict's takes about 300 a tensor.
  static let largestPickle = 64 << 20

  private let file: ReadableFile
  private let end: Int
  private var buffer: [UInt8] = []
  private var next = 0
  /// Where in the file the buffer ends.
  private var bufferEnd: Int

  /// - Parameter range: Where the pickle, and perhaps more, lies in the file.
  init(_ file: ReadableFile, _ range: Range<Int>) {
    self.file = file
    bufferEnd = range.lowerBound
    end =
      range.upperBound - range.lowerBound > Self.largestPickle
      ? range.lowerBound + Self.largestPickle : range.upperBound
  }

  /// Where in the file the next byte is.
  var position: Int { bufferEnd - (buffer.count - next) }

  private var remaining: Int { end - position }

  mutating func byte() throws -> UInt8 {
    if next == buffer.count { try refill() }
    next += 1
    return buffer[next - 1]
  }

  private mutating func refill() throws {
    let count = min(1 << 16, end - bufferEnd)
    guard count > 0 else { throw tooShort(1) }
    buffer = [UInt8](repeating: 0, count: count)
    try buffer.withUnsafeMutableBytes { try file.read(at: bufferEnd, into: $0) }
    next = 0
    bufferEnd += count
  }

  mutating func bytes(_ count: Int) throws -> [UInt8] {
    guard count <= remaining else { throw tooShort(count) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      if next == buffer.count { try refill() }
      let part = min(count - bytes.count, buffer.count - next)
      bytes += buffer[next..<(next + part)]
      next += part
    }
    return bytes
  }

  /// A little-endian number.
  mutating func integer<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
    try bytes(MemoryLayout<Number>.size).reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
  }

  /// Text up to a line's end.
  mutating func line() throws -> String {
    var bytes: [UInt8] = []
    while true {
      let byte = try byte()
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      guard bytes.count < 1024 else {
        throw MartletError("pytorch", "expected the end of a name in a pickle")
      }
      bytes.append(byte)
    }
  }

  private func tooShort(_ count: Int) -> MartletError {
    MartletError(
      "pytorch",
      "expected \(count) more bytes of a pickle at offset \(position), got \(remaining): the file is damaged, or its "
        + "pickle is larger than \(Self.largestPickle) bytes")
  }
}
