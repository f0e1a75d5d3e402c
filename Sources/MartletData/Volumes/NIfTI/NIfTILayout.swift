/// Where the fields of a NIfTI header are that Martlet reads and writes, and as what.
///
/// After `nifti1.h` (version 1.1, https://nifti.nimh.nih.gov/nifti-1) and `nifti2.h` (https://nifti.nimh.nih.gov/nifti-2).
struct NIfTILayout: Sendable {
  /// One number, or several of a kind one after the other.
  struct Field: Sendable {
    enum Kind: Sendable { case uint8, int16, int32, int64, float32, float64 }

    let offset: Int
    let kind: Kind
    var count = 1

    init(_ offset: Int, _ kind: Kind, count: Int = 1) {
      self.offset = offset
      self.kind = kind
      self.count = count
    }

    var width: Int {
      switch kind {
      case .uint8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .int64, .float64: 8
      }
    }
  }

  /// The header's length, which is also its first field.
  let byteCount: Int
  let magicOffset: Int
  /// Of a file that holds header and voxels.
  let magic: [UInt8]
  /// Of a header whose voxels are in a file of their own.
  let pairMagic: [UInt8]

  let dimensions: Field
  let dataType: Field
  let bitsPerVoxel: Field
  let pixelDimensions: Field
  let voxelOffset: Field
  let slope: Field
  let intercept: Field
  let units: Field
  let qformCode: Field
  let sformCode: Field
  let quaternion: Field
  let qformOffset: Field
  let sform: Field

  static let first = NIfTILayout(
    byteCount: 348, magicOffset: 344, magic: Array("n+1\0".utf8), pairMagic: Array("ni1\0".utf8),
    dimensions: Field(40, .int16, count: 8), dataType: Field(70, .int16), bitsPerVoxel: Field(72, .int16),
    pixelDimensions: Field(76, .float32, count: 8), voxelOffset: Field(108, .float32),
    slope: Field(112, .float32), intercept: Field(116, .float32), units: Field(123, .uint8),
    qformCode: Field(252, .int16), sformCode: Field(254, .int16), quaternion: Field(256, .float32, count: 3),
    qformOffset: Field(268, .float32, count: 3), sform: Field(280, .float32, count: 12))

  static let second = NIfTILayout(
    byteCount: 540, magicOffset: 4, magic: Array("n+2\0\r\n\u{1A}\n".utf8),
    pairMagic: Array("ni2\0\r\n\u{1A}\n".utf8),
    dimensions: Field(16, .int64, count: 8), dataType: Field(12, .int16), bitsPerVoxel: Field(14, .int16),
    pixelDimensions: Field(104, .float64, count: 8), voxelOffset: Field(168, .int64),
    slope: Field(176, .float64), intercept: Field(184, .float64), units: Field(500, .int32),
    qformCode: Field(344, .int32), sformCode: Field(348, .int32), quaternion: Field(352, .float64, count: 3),
    qformOffset: Field(376, .float64, count: 3), sform: Field(400, .float64, count: 12))
}

/// A header's bytes, whose numbers may lie the other way round than this machine's.
struct NIfTIBytes {
  var bytes: [UInt8]
  let isSwapped: Bool

  /// The whole numbers of a field; what is no whole number of 64 bits is nil.
  func integers(_ field: NIfTILayout.Field) -> [Int?] {
    numbers(field) { (offset: Int) -> Int? in
      switch field.kind {
      case .uint8: return Int(bytes[offset])
      case .int16: return Int(load(Int16.self, offset))
      case .int32: return Int(load(Int32.self, offset))
      case .int64: return Int(load(Int64.self, offset))
      case .float32: return Int(exactly: Float(bitPattern: load(UInt32.self, offset)))
      case .float64: return Int(exactly: Double(bitPattern: load(UInt64.self, offset)))
      }
    }
  }

  func doubles(_ field: NIfTILayout.Field) -> [Double] {
    numbers(field) { (offset: Int) -> Double in
      switch field.kind {
      case .float32: Double(Float(bitPattern: load(UInt32.self, offset)))
      case .float64: Double(bitPattern: load(UInt64.self, offset))
      case .uint8: Double(bytes[offset])
      case .int16: Double(load(Int16.self, offset))
      case .int32: Double(load(Int32.self, offset))
      case .int64: Double(load(Int64.self, offset))
      }
    }
  }

  /// Stores numbers in this machine's order. What a field of whole numbers cannot hold becomes the nearest that it can.
  mutating func store(_ values: [Int], _ field: NIfTILayout.Field) {
    for (index, value) in values.prefix(field.count).enumerated() {
      let offset = field.offset + index * field.width
      switch field.kind {
      case .uint8: bytes[offset] = UInt8(clamping: value)
      case .int16: store(Int16(clamping: value), offset)
      case .int32: store(Int32(clamping: value), offset)
      case .int64: store(Int64(value), offset)
      case .float32: store(Float(value).bitPattern, offset)
      case .float64: store(Double(value).bitPattern, offset)
      }
    }
  }

  /// - Precondition: the field is of floating-point numbers.
  mutating func store(_ values: [Double], _ field: NIfTILayout.Field) {
    for (index, value) in values.prefix(field.count).enumerated() {
      let offset = field.offset + index * field.width
      switch field.kind {
      case .float32: store(Float(value).bitPattern, offset)
      case .float64: store(value.bitPattern, offset)
      case .uint8, .int16, .int32, .int64: preconditionFailure("the field is of whole numbers")
      }
    }
  }

  private func numbers<Number>(_ field: NIfTILayout.Field, _ read: (Int) -> Number) -> [Number] {
    (0..<field.count).map { read(field.offset + $0 * field.width) }
  }

  private func load<Number: FixedWidthInteger>(_: Number.Type, _ offset: Int) -> Number {
    let number = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    return isSwapped ? number.byteSwapped : number
  }

  private mutating func store<Number: FixedWidthInteger>(_ number: Number, _ offset: Int) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: number, toByteOffset: offset, as: Number.self) }
  }
}
