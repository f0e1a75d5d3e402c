import MartletInterchange

/// The framing of TensorBoard's event files: each record is its length, a checksum of the length, the record's bytes
/// and a checksum of those.
enum EventRecord {
  /// A record's bytes with their frame.
  static func framed(_ record: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(record.count))
    return length + littleEndian(maskedChecksum(length)) + record + littleEndian(maskedChecksum(record))
  }

  /// The record that starts at `offset` and where the next one starts; `nil` if none that is whole does.
  static func read(_ bytes: [UInt8], at offset: Int) -> (record: [UInt8], next: Int)? {
    guard bytes.count - offset >= 12 else { return nil }
    let length = Array(bytes[offset..<(offset + 8)])
    guard littleEndian(maskedChecksum(length)) == Array(bytes[(offset + 8)..<(offset + 12)]) else {
      return nil
    }
    let count = length.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    let start = offset + 12
    guard bytes.count - start >= 4, count <= UInt64(bytes.count - start - 4) else { return nil }
    let end = start + Int(count)
    let record = Array(bytes[start..<end])
    guard littleEndian(maskedChecksum(record)) == Array(bytes[end..<(end + 4)]) else { return nil }
    return (record, end + 4)
  }

  /// CRC-32C, rotated and shifted by a constant, so that the checksum of bytes that hold checksums stays useful.
  private static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let crc = CRC32C.checksum(bytes)
    return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
  }

  private static func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
