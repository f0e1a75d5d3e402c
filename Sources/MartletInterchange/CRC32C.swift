import MartletKernels

/// The CRC-32C checksum (Castagnoli polynomial, RFC 3720 appendix B.4), fed piece by piece.
///
/// It guards TensorBoard records and Martlet's own checkpoints against damage; it is no defence against someone
/// who changes a file on purpose.
public struct CRC32C: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  /// The checksum of no bytes yet.
  public init() {}

  /// The checksum of everything fed so far.
  public var value: UInt32 { ~state }

  /// The checksum of one run of bytes.
  public static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32C()
    bytes.withUnsafeBytes { crc.update($0) }
    return crc.value
  }

  /// Feeds the bytes that come next.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    state = crc32c(state, bytes) ?? byTable(bytes)
  }

  private func byTable(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    Self.table.withUnsafeBufferPointer { table in
      var crc = state
      var i = 0
      // Eight bytes a turn: table k advances a byte by k further bytes, so the eight look-ups are independent.
      while i + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self)) ^ UInt64(crc)
        let low = UInt32(truncatingIfNeeded: word)
        let high = UInt32(truncatingIfNeeded: word >> 32)
        crc =
          table[1792 + Int(low & 0xFF)] ^ table[1536 + Int((low >> 8) & 0xFF)]
          ^ table[1280 + Int((low >> 16) & 0xFF)] ^ table[1024 + Int(low >> 24)]
        crc ^=
          table[768 + Int(high & 0xFF)] ^ table[512 + Int((high >> 8) & 0xFF)]
          ^ table[256 + Int((high >> 16) & 0xFF)] ^ table[Int(high >> 24)]
        i += 8
      }
      while i < bytes.count {
        crc = (crc >> 8) ^ table[Int((crc ^ UInt32(bytes[i])) & 0xFF)]
        i += 1
      }
      return crc
    }
  }

  /// Eight tables of 256: entry 256 k + b is the state that byte b leaves after k further zero bytes.
  private static let table: [UInt32] = {
    var table = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
      table[byte] = crc
    }
    for i in 256..<table.count {
      let before = table[i - 256]
      table[i] = (before >> 8) ^ table[Int(before & 0xFF)]
    }
    return table
  }()
}
