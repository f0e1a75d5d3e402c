/// The element types of PyTorch's tensors that Martlet reads, by their names as `torch.dtype`.
enum PyTorchType: String, CaseIterable, Hashable, Sendable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8
  case uint8, uint16, uint32
  case bool

  /// The type of a storage class, such as `FloatStorage`.
  init?(storage name: String) {
    let types: [String: PyTorchType] = [
      "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
      "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16,
      "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
    ]
    guard let type = types[name] else { return nil }
    self = type
  }

  /// Bytes that one element takes.
  var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64: 8
    }
  }
}
