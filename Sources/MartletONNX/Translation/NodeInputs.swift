import Martlet

/// The tensors that a node reads.
struct NodeInputs {
  let tensors: [Tensor?]

  /// An input that must be there.
  subscript(index: Int) -> Tensor {
    get throws {
      guard let tensor = optional(index) else {
        throw MartletError("onnx", "expected its input \(index), which is left out")
      }
      return tensor
    }
  }

  /// An input that may be left out.
  func optional(_ index: Int) -> Tensor? { index < tensors.count ? tensors[index] : nil }

  /// All inputs, none of which may be left out.
  var all: [Tensor] { get throws { try tensors.indices.map { try self[$0] } } }

  /// The whole numbers of an input whose values must be known; `nil` where it is left out.
  func integers(_ index: Int) throws -> [Int]? {
    guard let tensor = try known(index) else { return nil }
    switch tensor.scalar {
    case .int64: return try tensor.scalars(Int64.self).map { Int($0) }
    case .int32: return try tensor.scalars(Int32.self).map { Int($0) }
    case .uint8: return try tensor.scalars(UInt8.self).map { Int($0) }
    default: throw MartletError("onnx", "expected whole numbers as its input \(index), got \(tensor.type)")
    }
  }

  /// The only whole number of an input.
  func integer(_ index: Int) throws -> Int? {
    guard let numbers = try integers(index) else { return nil }
    try require(
      numbers.count == 1, "onnx", "expected one number as its input \(index), got \(numbers.count)")
    return numbers[0]
  }

  /// The numbers of an input whose values must be known; `nil` where it is left out.
  func numbers(_ index: Int) throws -> [Double]? {
    guard let tensor = try known(index) else { return nil }
    if tensor.scalar == .bool { return try tensor.scalars(Bool.self).map { $0 ? 1 : 0 } }
    return try tensor.cast(to: .float64).scalars(Double.self)
  }

  /// The only number of an input.
  func number(_ index: Int) throws -> Double? {
    guard let numbers = try numbers(index) else { return nil }
    try require(
      numbers.count == 1, "onnx", "expected one number as its input \(index), got \(numbers.count)")
    return numbers[0]
  }

  private func known(_ index: Int) throws -> Tensor? {
    guard let tensor = optional(index) else { return nil }
    try require(
      !tensor.isSymbolic, "onnx",
      "its input \(index) depends on what the model is given, and must be known when it is recorded")
    return tensor
  }
}
