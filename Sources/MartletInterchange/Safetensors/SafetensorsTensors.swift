import Martlet

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

#if _endian(big)
  #error("safetensors data is little-endian and is copied as it is")
#endif

/// Reads every tensor of a safetensors file.
///
/// - Parameters:
///   - url: The file.
///   - checksum: What to do about a checksum.
/// - Returns: The tensors by name, row-major, in the shapes of the file; see ``SafetensorsFile/tensor(_:)`` for types.
/// - Throws: ``MartletError`` that names the file and what is wrong with it.
public func loadSafetensors(
  _ url: URL, checksum: ChecksumPolicy = .checkedIfPresent
) throws -> [String: Tensor] {
  try SafetensorsFile(contentsOf: url, checksum: checksum).tensors()
}

/// Writes tensors to a safetensors file with a checksum, replacing it in one step.
///
/// Elements go in logical order, whatever a tensor's layout, as PyTorch and others expect them.
///
/// - Throws: ``MartletError`` if a tensor is symbolic or the file cannot be written; the old file then stands.
public func saveSafetensors(
  _ tensors: [String: Tensor], metadata: [String: String] = [:], to url: URL
) throws {
  try Safetensors.write(tensors.mapValues(SafetensorsValue.init), metadata: metadata, to: url)
}

extension SafetensorsFile {
  /// Every tensor by name; see ``tensor(_:)``.
  public func tensors() throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try names.map { ($0, try tensor($0)) })
  }

  /// A tensor, row-major, in the shape of the file.
  ///
  /// Types that Martlet does not compute with become the next wider one that holds all their values: F16 and BF16
  /// become float32; I8, I16 and U16 int32; U32 int64.
  ///
  /// - Throws: ``MartletError`` if there is no such tensor, if it is of another type that Martlet does not have, or
  ///   if it cannot be read.
  public func tensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    switch entry.type {
    case .float32: return try copy(entry, as: Float.self)
    case .float64: return try copy(entry, as: Double.self)
    case .int32: return try copy(entry, as: Int32.self)
    case .int64: return try copy(entry, as: Int64.self)
    case .uint8: return try copy(entry, as: UInt8.self)
    case .bool: return try truths(entry)
    case .float16, .bfloat16: return try Tensor(shape: entry.shape, scalars: floats(of: name))
    case .int8: return try widen(entry, from: Int8.self, to: Int32.self)
    case .int16: return try widen(entry, from: Int16.self, to: Int32.self)
    case .uint16: return try widen(entry, from: UInt16.self, to: Int32.self)
    case .uint32: return try widen(entry, from: UInt32.self, to: Int64.self)
    default:
      throw MartletError(
        "safetensors", "expected tensor '\(name)' of a type that Martlet has, got \(entry.type.rawValue)")
    }
  }

  private func copy<Scalar: TensorScalar>(_ entry: SafetensorsEntry, as _: Scalar.Type) throws -> Tensor {
    try Tensor(type: TensorType(entry.shape, Scalar.scalarType)) {
      (elements: UnsafeMutableBufferPointer<Scalar>) in
      try read(entry.name, into: UnsafeMutableRawBufferPointer(elements))
    }
  }

  /// A `Bool` that is neither 0 nor 1 in memory would be undefined, so the bytes are looked at first.
  private func truths(_ entry: SafetensorsEntry) throws -> Tensor {
    let bytes = try bytes(of: entry.name)
    guard let wrong = bytes.first(where: { $0 > 1 }) else {
      return try Tensor(shape: entry.shape, scalars: bytes.map { $0 == 1 })
    }
    throw MartletError("safetensors", "expected 0 and 1 in tensor '\(entry.name)' of BOOL, got \(wrong)")
  }

  private func widen<Narrow: FixedWidthInteger, Wide: TensorScalar & FixedWidthInteger>(
    _ entry: SafetensorsEntry, from _: Narrow.Type, to _: Wide.Type
  ) throws -> Tensor {
    let bytes = try bytes(of: entry.name)
    return try Tensor(
      shape: entry.shape,
      scalars: bytes.withUnsafeBytes { bytes in
        stride(from: 0, to: bytes.count, by: MemoryLayout<Narrow>.size).map {
          Wide(bytes.loadUnaligned(fromByteOffset: $0, as: Narrow.self))
        }
      })
  }
}

extension SafetensorsValue {
  /// A tensor's elements in logical order, taken when they are written.
  public init(_ tensor: Tensor) {
    func value<Scalar: TensorScalar>(_ type: SafetensorsType, _: Scalar.Type) -> SafetensorsValue {
      SafetensorsValue(type, tensor.shape) { body in
        if tensor.layout == .rowMajor {
          try tensor.withElements { (elements: UnsafeBufferPointer<Scalar>) in
            try body(UnsafeRawBufferPointer(elements))
          }
        } else {
          try tensor.scalars(Scalar.self).withUnsafeBytes(body)
        }
      }
    }
    self =
      switch tensor.scalar {
      case .float32: value(.float32, Float.self)
      case .float64: value(.float64, Double.self)
      case .int32: value(.int32, Int32.self)
      case .int64: value(.int64, Int64.self)
      case .uint8: value(.uint8, UInt8.self)
      case .bool: value(.bool, Bool.self)
      }
  }
}
