import Foundation
import Martlet

extension WireAttribute {
  static func int(_ name: String, _ value: Int) -> WireAttribute {
    with(name, .int) { $0.i = Int64(value) }
  }
  static func ints(_ name: String, _ values: [Int]) -> WireAttribute {
    with(name, .ints) { $0.ints = values.map(Int64.init) }
  }
  static func float(_ name: String, _ value: Double) -> WireAttribute {
    with(name, .float) { $0.f = Float(value) }
  }
  static func string(_ name: String, _ value: String) -> WireAttribute {
    with(name, .string) { $0.s = Data(value.utf8) }
  }

  private static func with(
    _ name: String, _ kind: Kind, _ set: (inout WireAttribute) -> Void
  ) -> WireAttribute {
    var attribute = WireAttribute()
    attribute.name = name
    attribute.type = kind
    set(&attribute)
    return attribute
  }
}

extension WireTensor {
  /// An initializer.
  init(_ name: String, _ tensor: Tensor) throws {
    self.init()
    self.name = name
    dims = tensor.shape.map(Int64.init)
    dataType = try tensor.scalar.elementNumber
    rawData = Data(try tensor.bytes())
  }
}

extension WireValueInfo {
  /// - Parameter sizes: A number, a name, or nothing that is known, for each axis.
  init(_ name: String, _ scalar: ScalarType, _ sizes: [Dimension]) throws {
    self.init()
    self.name = name
    var tensor = WireType.TensorType()
    tensor.elemType = try scalar.elementNumber
    tensor.shape.dim = sizes.map {
      var dimension = WireShape.Dimension()
      switch $0 {
      case .fixed(let size): dimension.dimValue = Int64(size)
      case .named(let name): dimension.dimParam = name
      case .unknown: break
      }
      return dimension
    }
    type.tensorType = tensor
  }

  enum Dimension: Hashable {
    case fixed(Int)
    case named(String)
    case unknown
  }
}

extension ScalarType {
  /// The type's number in the format.
  var elementNumber: Int32 {
    get throws {
      let numbers: [ScalarType: Int32] = [
        .float32: 1, .uint8: 2, .int32: 6, .int64: 7, .bool: 9, .float64: 11,
      ]
      guard let number = numbers[self] else {
        throw MartletError("onnx", "expected elements that ONNX files hold, got \(rawValue)")
      }
      return number
    }
  }
}

extension WireStringEntry {
  init(_ key: String, _ value: String) {
    self.init()
    self.key = key
    self.value = value
  }
}

extension WireOperatorSet {
  init(_ version: Int) {
    self.init()
    domain = ""
    self.version = Int64(version)
  }
}
