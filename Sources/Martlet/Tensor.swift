/// A multi-dimensional array, or the promise of one.
///
/// A tensor is a value. It is either *concrete*, with its elements in memory, or *symbolic*, standing for a value of
/// a graph that is being recorded. Model code is the same for both: an operation on concrete tensors runs at once, on
/// symbolic ones it becomes a node.
///
/// The ``shape`` is logical and always batch, channels, space, as in PyTorch and ONNX: [N, C, L], [N, C, H, W],
/// [N, C, D, H, W]. How the elements lie in memory is the ``layout``'s affair.
public struct Tensor: Sendable {
  enum Content: Sendable {
    case concrete(Storage)
    case symbolic(GraphBuilder, ValueID)
  }

  /// Shape, element type and layout.
  public let type: TensorType
  let content: Content

  init(type: TensorType, content: Content) {
    self.type = type
    self.content = content
  }

  /// The size of each axis in logical order; [] for a single number.
  public var shape: [Int] { type.shape }
  /// How many axes there are.
  public var rank: Int { type.rank }
  /// Sizes of the axes after batch and channels.
  public var space: [Int] { type.space }
  /// The type of the elements.
  public var scalar: ScalarType { type.scalar }
  /// How the elements lie in memory.
  public var layout: Layout { type.layout }
  /// The product of the sizes: 1 for shape [].
  public var elementCount: Int { type.elementCount }

  /// Whether this stands for a value of a graph being recorded.
  public var isSymbolic: Bool {
    if case .symbolic = content { true } else { false }
  }

  /// Applies an operation: at once when every input is concrete, otherwise as a node of their graph.
  ///
  /// - Throws: ``MartletError`` from the operation's checks, from running it, or when the inputs belong to
  ///   different graphs.
  public static func apply(_ operation: some Operation, _ inputs: [Tensor]) throws -> [Tensor] {
    guard let builder = try GraphBuilder.common(of: inputs, for: operation) else {
      return try runNow(operation, inputs)
    }
    return try builder.record(operation, inputs)
  }

  private static func runNow(_ operation: some Operation, _ inputs: [Tensor]) throws -> [Tensor] {
    let inputTypes = inputs.map(\.type)
    let outputTypes = try operation.inferOutputs(inputTypes)
    try outputTypes.requireRepresentable(operation.name)
    if let viewed = operation.viewedInput {
      return [Tensor(type: outputTypes[0], content: inputs[viewed].content)]
    }
    let storages = try outputTypes.map { try Storage(byteCount: $0.byteCount) }
    let workspace = try Storage(
      byteCount: operation.workspaceByteCount(inputs: inputTypes, outputs: outputTypes))
    try operation.run(
      OperationCall(
        inputs: try inputs.map { Operand(type: $0.type, address: try $0.storage(operation.name).address) },
        outputs: zip(outputTypes, storages).map { Operand(type: $0, address: $1.address) },
        workspace: workspace.address, random: RandomState()))
    withExtendedLifetime(inputs) {}
    return zip(outputTypes, storages).map { Tensor(type: $0, content: .concrete($1)) }
  }

  /// The memory of a concrete tensor.
  func storage(_ operation: String) throws -> Storage {
    guard case .concrete(let storage) = content else {
      throw MartletError(operation, "needs a concrete tensor, got a symbolic \(type): its graph has not run")
    }
    try require(
      storage !== Storage.released, operation,
      "expected a tensor with its elements, got one of a model that was given to a predictor, \(type)")
    return storage
  }
}

extension Tensor {
  /// A tensor of the given elements, in logical order (the last dimension varies fastest).
  ///
  /// - Throws: ``MartletError`` when the number of scalars is not the shape's product.
  public init<Scalar: TensorScalar>(
    shape: [Int], scalars: [Scalar], layout: Layout = .rowMajor
  ) throws {
    let type = try Self.checkedType(shape, Scalar.scalarType, layout)
    try require(
      scalars.count == type.elementCount, "tensor",
      "expected \(type.elementCount) scalars for shape \(shape), got \(scalars.count)")
    self = try Tensor(type: type) { (elements: UnsafeMutableBufferPointer<Scalar>) in
      type.forEachMemoryIndex { logical, memory in elements[memory] = scalars[logical] }
    }
  }

  /// A tensor whose elements are written, in memory order, by a closure.
  public init<Scalar: TensorScalar>(
    type: TensorType, initializingWith body: (UnsafeMutableBufferPointer<Scalar>) throws -> Void
  ) throws {
    try require(
      type.scalar == Scalar.scalarType, "tensor", "expected \(type.scalar) elements, got \(Scalar.self)")
    _ = try Self.checkedType(type.shape, type.scalar, type.layout)
    let storage = try Storage(byteCount: type.byteCount)
    try body(
      UnsafeMutableBufferPointer(
        start: storage.address.assumingMemoryBound(to: Scalar.self), count: type.elementCount))
    self.init(type: type, content: .concrete(storage))
  }

  /// A tensor of one element, shape [].
  public init<Scalar: TensorScalar>(_ scalar: Scalar) throws {
    try self.init(shape: [], scalars: [scalar])
  }

  /// A tensor with every element equal to `value`, converted to the element type: to integers by truncation.
  ///
  /// - Throws: ``MartletError`` for an integer type that does not hold the value.
  public static func full(_ value: Double, _ type: TensorType) throws -> Tensor {
    func filled<Scalar: TensorScalar>(_ element: Scalar) throws -> Tensor {
      try Tensor(type: type) { $0.initialize(repeating: element) }
    }
    func whole<Scalar: TensorScalar & FixedWidthInteger>(_: Scalar.Type) throws -> Tensor {
      guard let element = Scalar(exactly: value.rounded(.towardZero)) else {
        throw MartletError("tensor", "\(value) is not a value of \(type)")
      }
      return try filled(element)
    }
    switch type.scalar {
    case .float32: return try filled(Float(value))
    case .float64: return try filled(value)
    case .int32: return try whole(Int32.self)
    case .int64: return try whole(Int64.self)
    case .uint8: return try whole(UInt8.self)
    case .bool: return try filled(value != 0)
    }
  }

  /// Zeros, or false, row-major.
  ///
  /// - Throws: ``MartletError`` for a size below 0, or when the system has no such memory.
  public static func zeros(_ shape: [Int], _ scalar: ScalarType = .float32) throws -> Tensor {
    try full(0, TensorType(shape, scalar))
  }

  /// Ones, or true, row-major.
  ///
  /// - Throws: ``MartletError`` for a size below 0, or when the system has no such memory.
  public static func ones(_ shape: [Int], _ scalar: ScalarType = .float32) throws -> Tensor {
    try full(1, TensorType(shape, scalar))
  }

  private static func checkedType(
    _ shape: [Int], _ scalar: ScalarType, _ layout: Layout
  ) throws -> TensorType {
    try require(
      shape.allSatisfy { $0 >= 0 }, "tensor", "expected sizes of 0 or more, got shape \(shape)")
    try require(
      TensorType.isCountable(shape, elementSize: scalar.byteCount), "tensor",
      "shape \(shape) has more elements than memory can hold")
    return TensorType(shape, scalar, layout)
  }

  /// The elements in logical order (the last dimension varies fastest), whatever the layout.
  ///
  /// - Throws: ``MartletError`` when the tensor is symbolic or holds another element type.
  public func scalars<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) throws -> [Scalar] {
    try withElements { (elements: UnsafeBufferPointer<Scalar>) in
      [Scalar](unsafeUninitializedCapacity: elements.count) { buffer, count in
        if layout == .rowMajor {
          _ = buffer.initialize(from: elements)
        } else {
          type.forEachMemoryIndex { logical, memory in
            buffer.initializeElement(at: logical, to: elements[memory])
          }
        }
        count = elements.count
      }
    }
  }

  /// The only element of a tensor with one element.
  public func item<Scalar: TensorScalar>(_: Scalar.Type = Scalar.self) throws -> Scalar {
    try require(elementCount == 1, "item", "expected one element, got shape \(shape)")
    return try withElements { (elements: UnsafeBufferPointer<Scalar>) in elements[0] }
  }

  /// Reads the elements in memory order, without a copy.
  public func withElements<Scalar: TensorScalar, Result>(
    _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
  ) throws -> Result {
    let storage = try storage("tensor")
    try require(
      scalar == Scalar.scalarType, "tensor", "expected to read \(scalar.rawValue), asked for \(Scalar.self)")
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeBufferPointer(
        start: UnsafePointer(storage.address.assumingMemoryBound(to: Scalar.self)), count: elementCount))
  }
}

extension TensorType {
  /// Calls `body` with every element's logical index and its index in memory.
  func forEachMemoryIndex(_ body: (_ logical: Int, _ memory: Int) throws -> Void) rethrows {
    let count = elementCount
    if layout == .rowMajor {
      for i in 0..<count { try body(i, i) }
      return
    }
    let channels = shape[1]
    let space = shape[2...].reduce(1, *)
    var logical = 0
    for n in 0..<(count == 0 ? 0 : shape[0]) {
      for c in 0..<channels {
        for s in 0..<space {
          try body(logical, (n * space + s) * channels + c)
          logical += 1
        }
      }
    }
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    isSymbolic ? "Tensor(symbolic \(type))" : "Tensor(\(type))"
  }
}
