import Martlet

/// The format's element types, `TensorProto.DataType` in onnx.proto.
enum ElementType: Int32 {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64, string, bool, float16, double, uint32, uint64
  case complex64, complex128, bfloat16
  case float8e4m3fn, float8e4m3fnuz, float8e5m2, float8e5m2fnuz
  case uint4, int4, float4e2m1, float8e8m0, uint2, int2

  /// What Martlet holds such elements as, `nil` where it has nothing that does.
  ///
  /// Half precision is computed in single precision, from the values that are read on; nothing is rounded on the way.
  var scalar: ScalarType? {
    switch self {
    case .float, .float16, .bfloat16: .float32
    case .double: .float64
    case .int32: .int32
    case .int64: .int64
    case .uint8: .uint8
    case .bool: .bool
    default: nil
    }
  }

  /// Bytes of an element in `raw_data`, for the types that are held.
  var rawByteCount: Int {
    switch self {
    case .float16, .bfloat16: 2
    default: scalar?.byteCount ?? 0
    }
  }

  /// What messages call the type with this number.
  static func name(_ number: Int32) -> String {
    ElementType(rawValue: number).map { "\($0)" } ?? "type \(number)"
  }

  /// What elements of this number are held as.
  ///
  /// - Throws: ``MartletError`` that names the type when Martlet does not hold it.
  static func scalar(_ number: Int32, of what: String) throws -> ScalarType {
    guard let scalar = ElementType(rawValue: number)?.scalar else {
      throw MartletError(
        "onnx",
        "\(what): expected elements of float, double, float16, bfloat16, int32, int64, uint8 or bool, got "
          + name(number))
    }
    return scalar
  }
}
