import Martlet

/// An input or an output of an ONNX model.
public struct ONNXValue: Hashable, Sendable {
  /// The size of an axis.
  public enum Size: Hashable, Sendable {
    /// This size alone.
    case fixed(Int)
    /// Any, and the same wherever the name stands.
    case named(String)
    /// Any size.
    case unknown
  }

  /// By which tensors are given and taken.
  public let name: String
  /// What its elements are held as; `nil` for an output that the file does not give a type.
  public let scalar: ScalarType?
  /// `nil` where not even the number of axes is known.
  public let shape: [Size]?

  init(_ wire: WireValueInfo, _ kind: String) throws {
    let what = "\(kind) \(printable(wire.name))"
    name = wire.name
    switch wire.type.value {
    case .tensorType(let type):
      scalar = try ElementType.scalar(type.elemType, of: what)
      shape =
        type.hasShape
        ? try type.shape.dim.map { dimension in
          switch dimension.value {
          case .dimValue(let size):
            try require(
              size >= 0 && size <= Int32.max, "onnx", "\(what): expected sizes from 0 to 2^31, got \(size)")
            return .fixed(Int(size))
          case .dimParam(let name) where !name.isEmpty: return .named(name)
          default: return .unknown
          }
        } : nil
    case nil:
      try require(kind == "output", "onnx", "\(what): expected a type, got none")
      scalar = nil
      shape = nil
    default:
      throw MartletError("onnx", "\(what): expected a tensor, got a \(Self.kind(wire.type.value))")
    }
  }

  private static func kind(_ value: WireType.OneOf_Value?) -> String {
    switch value {
    case .sequenceType: "sequence"
    case .mapType: "map"
    case .sparseTensorType: "sparse tensor"
    case .optionalType: "optional value"
    case .tensorType, nil: "tensor"
    }
  }

  /// Checks a tensor that is to be this input.
  ///
  /// - Parameter sizes: What sizes names stand for; those that are new are added.
  func check(_ type: TensorType, sizes: inout [String: Int]) throws {
    let fits = scalar == type.scalar && (shape.map { $0.count == type.rank } ?? true)
    var agrees = fits
    for (axis, size) in (fits ? shape ?? [] : []).enumerated() {
      switch size {
      case .fixed(let wanted): agrees = agrees && type.shape[axis] == wanted
      case .named(let name):
        agrees = agrees && sizes[name, default: type.shape[axis]] == type.shape[axis]
        sizes[name] = sizes[name] ?? type.shape[axis]
      case .unknown: break
      }
    }
    try require(agrees, "onnx", "input \(printable(name)): expected \(self), got \(type)")
  }
}

extension ONNXValue: CustomStringConvertible {
  /// Such as `float32[N, 3, 224, 224]`, with `?` for what is not known.
  public var description: String {
    let sizes = shape.map { shape in
      shape.map { size in
        switch size {
        case .fixed(let size): "\(size)"
        case .named(let name): printable(name)
        case .unknown: "?"
        }
      }.joined(separator: ", ")
    }
    return "\(scalar?.rawValue ?? "tensor")[\(sizes ?? "…")]"
  }
}
