/// The type of a tensor's elements.
public enum ScalarType: String, Hashable, Sendable, CaseIterable {
  case float32, float64, int32, int64, uint8, bool

  /// Bytes that one element takes.
  public var byteCount: Int {
    switch self {
    case .uint8, .bool: 1
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// Whether gradients can flow through elements of this type.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

/// A Swift type whose values a tensor can hold.
public protocol TensorScalar: Sendable {
  /// The element type of the tensors that hold such values.
  static var scalarType: ScalarType { get }
}

extension Float: TensorScalar { public static var scalarType: ScalarType { .float32 } }
extension Double: TensorScalar { public static var scalarType: ScalarType { .float64 } }
extension Int32: TensorScalar { public static var scalarType: ScalarType { .int32 } }
extension Int64: TensorScalar { public static var scalarType: ScalarType { .int64 } }
extension UInt8: TensorScalar { public static var scalarType: ScalarType { .uint8 } }
extension Bool: TensorScalar { public static var scalarType: ScalarType { .bool } }

/// How a tensor's elements lie in memory. The shape that a user sees does not depend on it.
public enum Layout: String, Hashable, Sendable {
  /// The last dimension varies fastest: matrices, weights, token sequences.
  case rowMajor
  /// Shape [N, C, space…] stored as N, space…, C, so that a pixel's channels are neighbours: the layout of
  /// every activation with space, and the only one that convolutions, pooling and resampling run on.
  case channelsLast
}

/// What is known of a tensor before it is computed: logical shape, element type and memory layout.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  /// Logical shape: batch, channels, space, as in PyTorch and ONNX.
  public var shape: [Int]
  /// The type of the elements.
  public var scalar: ScalarType
  /// Always `.rowMajor` below rank 3, where both layouts are the same bytes.
  public var layout: Layout

  /// Sizes are not checked here, but where a tensor of the type is made. Below rank 3 the layout is row-major, whatever
  /// is given.
  public init(_ shape: [Int], _ scalar: ScalarType = .float32, _ layout: Layout = .rowMajor) {
    self.shape = shape
    self.scalar = scalar
    self.layout = shape.count < 3 ? .rowMajor : layout
  }

  /// How many axes there are.
  public var rank: Int { shape.count }
  /// The product of the sizes: 1 for shape [].
  public var elementCount: Int { shape.reduce(1, *) }
  /// Bytes of all elements.
  public var byteCount: Int { elementCount * scalar.byteCount }

  /// Whether the sizes, and that of an element, multiply without overflow in whatever order, as strides and layouts need
  /// it. Those of a tensor without elements could be anything beside the 0, so it counts as 1; so does
  /// what is below 0, which is for the caller to refuse.
  package static func isCountable(_ shape: [Int], elementSize: Int = 1) -> Bool {
    var total = elementSize
    for size in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: Swift.max(size, 1))
      guard !overflow else { return false }
      total = product
    }
    return true
  }

  /// The shape in the order in which the elements lie in memory, slowest dimension first.
  public var memoryShape: [Int] {
    layout == .rowMajor ? shape : [shape[0]] + shape[2...] + [shape[1]]
  }

  /// For each logical dimension, its position in ``memoryShape``.
  public var memoryPositions: [Int] {
    layout == .rowMajor ? Array(shape.indices) : [0, rank - 1] + (1..<(rank - 1))
  }

  /// For each logical dimension, the distance in elements between neighbours along it.
  public var strides: [Int] {
    let memory = memoryShape
    var memoryStrides = [Int](repeating: 1, count: memory.count)
    for i in memory.indices.dropLast().reversed() { memoryStrides[i] = memoryStrides[i + 1] * memory[i + 1] }
    return memoryPositions.map { memoryStrides[$0] }
  }

  /// The type with some parts replaced; those that are `nil` stay. Below rank 3 the layout becomes row-major.
  public func with(shape: [Int]? = nil, scalar: ScalarType? = nil, layout: Layout? = nil) -> TensorType {
    TensorType(shape ?? self.shape, scalar ?? self.scalar, layout ?? self.layout)
  }

  public var description: String { "\(scalar.rawValue)\(shape)" }
}
