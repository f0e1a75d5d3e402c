import Martlet

extension SafetensorsFile {
  /// A tensor's elements as 32-bit floating point, in row-major order.
  ///
  /// Half precision (F16, BF16) and 32 bits are exact; 64 bits are rounded to the nearest.
  /// - Throws: ``MartletError`` if the tensor is of another type or cannot be read.
  public func floats(of name: String) throws -> [Float] {
    let entry = try entry(name)
    let bytes = try bytes(of: name)
    return try bytes.withUnsafeBytes { bytes in
      func map<Bits: FixedWidthInteger>(_: Bits.Type, _ convert: (Bits) -> Float) -> [Float] {
        let width = MemoryLayout<Bits>.size
        return (0..<(bytes.count / width)).map {
          convert(Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * width, as: Bits.self)))
        }
      }
      switch entry.type {
      case .float32: return map(UInt32.self) { Float(bitPattern: $0) }
      case .float64: return map(UInt64.self) { Float(Double(bitPattern: $0)) }
      case .bfloat16: return map(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .float16: return map(UInt16.self, float(fromHalf:))
      default:
        throw MartletError(
          "safetensors",
          "expected tensor '\(name)' of type F16, BF16, F32 or F64, got \(entry.type.rawValue)")
      }
    }
  }
}

/// The value of an IEEE 754 half-precision number. (Swift's own `Float16` is missing on Intel Macs.)
package func float(fromHalf bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let magnitude = UInt32(bits & 0x7FFF) << 13
  // Exponent and fraction fall into place; multiplying by 2^(127 − 15) then sets the bias right, for subnormal
  // numbers too, and without rounding. Infinity and NaN keep the highest exponent instead.
  let value =
    bits & 0x7C00 == 0x7C00
    ? Float(bitPattern: magnitude | 0x7F80_0000) : Float(bitPattern: magnitude) * 0x1p112
  return Float(bitPattern: value.bitPattern | sign)
}
