import Martlet

/// The element types of the safetensors format, in the order in which its reference writer lays tensors out:
/// by rising alignment.
public enum SafetensorsType: String, CaseIterable, Hashable, Sendable {
  case bool = "BOOL"
  case float4 = "F4"
  case float6E2M3 = "F6_E2M3"
  case float6E3M2 = "F6_E3M2"
  case uint8 = "U8"
  case int8 = "I8"
  case float8E5M2 = "F8_E5M2"
  case float8E4M3 = "F8_E4M3"
  case float8E8M0 = "F8_E8M0"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case complex64 = "C64"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  /// Bits that one element takes.
  public var bitCount: Int {
    switch self {
    case .float4: 4
    case .float6E2M3, .float6E3M2: 6
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 8
    case .int16, .uint16, .float16, .bfloat16: 16
    case .int32, .uint32, .float32: 32
    case .complex64, .float64, .int64, .uint64: 64
    }
  }

  /// The position among all types, by which the writer sorts.
  var rank: Int { Self.allCases.firstIndex(of: self)! }

  /// Bytes that a tensor of this type and shape takes; `nil` if that is no whole number of bytes or overflows.
  func byteCount(of shape: [Int]) -> Int? {
    guard TensorType.isCountable(shape, elementSize: bitCount) else { return nil }
    let bits = shape.reduce(bitCount, *)
    return bits % 8 == 0 ? bits / 8 : nil
  }
}

/// What a safetensors file says of one tensor.
public struct SafetensorsEntry: Hashable, Sendable {
  /// Unique in its file.
  public let name: String
  /// What an element is stored as.
  public let type: SafetensorsType
  /// Sizes in PyTorch's order; empty for a scalar.
  public let shape: [Int]
  /// Where the elements lie, little-endian and row-major, in bytes from the start of the file's data section.
  public let byteRange: Range<Int>
}
