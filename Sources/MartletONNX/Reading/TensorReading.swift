import Foundation
import Martlet
import MartletInterchange

#if _endian(big)
  #error("ONNX keeps elements little-endian, and they are copied as they are")
#endif

extension WireTensor {
  /// The tensor, row-major.
  ///
  /// - Parameters:
  ///   - external: Where elements outside of the file are.
  ///   - what: What errors call the tensor.
  /// - Throws: ``MartletError`` when the element type is not held, the dimensions are more than memory can hold, or the
  ///   number of elements is not theirs.
  func tensor(_ external: ExternalData, _ what: String) throws -> Tensor {
    let scalar = try ElementType.scalar(dataType, of: what)
    let type = TensorType(try checkedShape(what), scalar)
    guard let element = ElementType(rawValue: dataType) else {
      preconditionFailure("a type that is held has a name")
    }
    if dataLocation == .external {
      let count = type.elementCount * element.rawByteCount
      return try raw(external.bytes(externalData, byteCount: count, of: what), element, type, what)
    }
    if hasRawData {
      let count = type.elementCount * element.rawByteCount
      try require(
        rawData.count == count, "onnx",
        "\(what): expected \(count) bytes for \(element)\(type.shape), got \(rawData.count)")
      return try raw(rawData, element, type, what)
    }
    switch element {
    case .float: return try typed(floatData, type, what) { $0 }
    case .double: return try typed(doubleData, type, what) { $0 }
    case .int64: return try typed(int64Data, type, what) { $0 }
    case .int32: return try typed(int32Data, type, what) { $0 }
    case .uint8: return try typed(int32Data, type, what) { UInt8(exactly: $0) }
    case .bool: return try typed(int32Data, type, what) { $0 == 0 ? false : $0 == 1 ? true : nil }
    case .float16:
      return try typed(int32Data, type, what) { UInt16(exactly: $0).map(float(fromHalf:)) }
    case .bfloat16:
      return try typed(int32Data, type, what) { UInt16(exactly: $0).map(Self.float(fromBrain:)) }
    default: preconditionFailure("\(element) is not held")
    }
  }

  private static func float(fromBrain bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// Dimensions of 0 or more whose product, in bytes, can be counted.
  private func checkedShape(_ what: String) throws -> [Int] {
    try require(dims.count <= 64, "onnx", "\(what): expected at most 64 dimensions, got \(dims.count)")
    let shape = dims.map { Int($0) }
    try require(
      shape.allSatisfy { $0 >= 0 } && TensorType.isCountable(shape, elementSize: 8), "onnx",
      "\(what): expected dimensions of 0 or more that memory can hold, got \(dims.prefix(10))")
    return shape
  }

  private func raw(
    _ bytes: some DataProtocol, _ element: ElementType, _ type: TensorType, _ what: String
  ) throws -> Tensor {
    func copied<Scalar: TensorScalar>(_: Scalar.Type) throws -> Tensor {
      try Tensor(type: type) { (elements: UnsafeMutableBufferPointer<Scalar>) in
        _ = bytes.copyBytes(to: UnsafeMutableRawBufferPointer(elements))
      }
    }
    func widened(_ convert: (UInt16) -> Float) throws -> Tensor {
      var halves = [UInt16](repeating: 0, count: type.elementCount)
      halves.withUnsafeMutableBytes { _ = bytes.copyBytes(to: $0) }
      return try Tensor(type: type) { (elements: UnsafeMutableBufferPointer<Float>) in
        for (index, half) in halves.enumerated() { elements[index] = convert(half) }
      }
    }
    switch element {
    case .float16: return try widened(float(fromHalf:))
    case .bfloat16: return try widened(Self.float(fromBrain:))
    case .bool:
      // A `Bool` that is neither 0 nor 1 in memory would be undefined, so the bytes are looked at first.
      try require(
        bytes.allSatisfy { $0 <= 1 }, "onnx", "\(what): expected 0 and 1 as bool, got other bytes")
      return try copied(Bool.self)
    default: break
    }
    switch type.scalar {
    case .float32: return try copied(Float.self)
    case .float64: return try copied(Double.self)
    case .int32: return try copied(Int32.self)
    case .int64: return try copied(Int64.self)
    case .uint8: return try copied(UInt8.self)
    case .bool: return try copied(Bool.self)
    }
  }

  private func typed<Number, Scalar: TensorScalar>(
    _ numbers: [Number], _ type: TensorType, _ what: String, _ convert: (Number) -> Scalar?
  ) throws -> Tensor {
    try require(
      numbers.count == type.elementCount, "onnx",
      "\(what): expected \(type.elementCount) elements for shape \(type.shape), got \(numbers.count)")
    return try Tensor(type: type) { (elements: UnsafeMutableBufferPointer<Scalar>) in
      for (index, number) in numbers.enumerated() {
        guard let element = convert(number) else {
          throw MartletError("onnx", "\(what): expected elements of \(type.scalar), got \(number)")
        }
        elements.initializeElement(at: index, to: element)
      }
    }
  }
}
