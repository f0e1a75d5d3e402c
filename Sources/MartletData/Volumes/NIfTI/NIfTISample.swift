/// What a voxel is stored as, by its number in NIfTI.
public enum NIfTISample: Int, Hashable, Sendable, CaseIterable {
  case uint8 = 2
  case int16 = 4
  case int32 = 8
  case float32 = 16
  case float64 = 64
  case int8 = 256
  case uint16 = 512
  case uint32 = 768
  case int64 = 1024
  case uint64 = 1280

  /// Bytes of one.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// What a number stands for that Martlet does not read, for messages.
  static func name(_ code: Int) -> String {
    let others = [
      1: "binary", 32: "complex64", 128: "rgb24", 1536: "float128", 1792: "complex128", 2048: "complex256",
      2304: "rgba32",
    ]
    return NIfTISample(rawValue: code).map { "\($0)" } ?? others[code] ?? "an unknown type"
  }

  /// Turns stored voxels into numbers.
  ///
  /// - Precondition: `bytes` hold as many voxels as `numbers`.
  func decode(
    _ bytes: UnsafeRawBufferPointer, isSwapped: Bool, into numbers: UnsafeMutableBufferPointer<Double>
  ) {
    func integers<Number: FixedWidthInteger>(_: Number.Type) {
      for index in numbers.indices {
        let number = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self)
        numbers[index] = Double(isSwapped ? number.byteSwapped : number)
      }
    }
    switch self {
    case .uint8: integers(UInt8.self)
    case .int8: integers(Int8.self)
    case .int16: integers(Int16.self)
    case .uint16: integers(UInt16.self)
    case .int32: integers(Int32.self)
    case .uint32: integers(UInt32.self)
    case .int64: integers(Int64.self)
    case .uint64: integers(UInt64.self)
    case .float32:
      for index in numbers.indices {
        let bits = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        numbers[index] = Double(Float(bitPattern: isSwapped ? bits.byteSwapped : bits))
      }
    case .float64:
      for index in numbers.indices {
        let bits = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
        numbers[index] = Double(bitPattern: isSwapped ? bits.byteSwapped : bits)
      }
    }
  }

  /// Turns numbers into stored voxels, rounded and held within what the type can be.
  func encode(_ numbers: UnsafeBufferPointer<Double>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(numbers.count * byteCount)
    func append<Number>(_ number: Number) { withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) } }
    func integers<Number: FixedWidthInteger>(_: Number.Type) {
      for number in numbers {
        let rounded = number.rounded()
        if let exact = Number(exactly: rounded) {
          append(exact)
        } else {
          append(rounded > 0 ? Number.max : rounded < 0 ? Number.min : 0)
        }
      }
    }
    switch self {
    case .uint8: integers(UInt8.self)
    case .int8: integers(Int8.self)
    case .int16: integers(Int16.self)
    case .uint16: integers(UInt16.self)
    case .int32: integers(Int32.self)
    case .uint32: integers(UInt32.self)
    case .int64: integers(Int64.self)
    case .uint64: integers(UInt64.self)
    case .float32: for number in numbers { append(Float(number)) }
    case .float64: for number in numbers { append(number) }
    }
    return bytes
  }
}
