import MartletKernels

/// A comparison of two tensors' elements, with broadcasting, into bool.
struct ComparisonOperation: Operation {
  var comparison: Comparison

  var name: String {
    switch comparison {
    case .equal: "eq"
    case .notEqual: "ne"
    case .less: "lt"
    case .lessEqual: "le"
    case .greater: "gt"
    case .greaterEqual: "ge"
    case .and: "logical_and"
    case .or: "logical_or"
    }
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    [try inferBroadcast(inputs, name).with(scalar: .bool)]
  }

  func run(_ call: OperationCall) {
    let output = call.outputs[0]
    Elementwise.compare(
      comparison, call.inputs[0].type.scalar.elementType, call.inputs[0].broadcast(to: output.type),
      call.inputs[1].broadcast(to: output.type), output.address, shape: output.type.memoryShape)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil, nil] }
}

/// Elements of one tensor where a condition holds, of another elsewhere, with broadcasting.
struct SelectOperation: Operation {
  var name: String { "where" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0].scalar == .bool, name, "expected a bool condition, got \(inputs[0])")
    let alike = try inferBroadcast(
      [inputs[0].with(scalar: inputs[1].scalar), inputs[1], inputs[2]], name)
    return [alike]
  }

  func run(_ call: OperationCall) {
    let output = call.outputs[0]
    Elementwise.select(
      output.type.scalar.elementType, condition: call.inputs[0].broadcast(to: output.type),
      call.inputs[1].broadcast(to: output.type), call.inputs[2].broadcast(to: output.type), output.address,
      shape: output.type.memoryShape)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 1), InPlacePair(output: 0, input: 2)]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (condition, dy) = (context.inputs[0], context.outputGradient)
    let zero = try Tensor.full(0, TensorType([], dy.scalar))
    return [
      nil,
      context.wanted[1] ? try Tensor.select(condition, dy, zero).sum(to: context.inputs[1].type) : nil,
      context.wanted[2] ? try Tensor.select(condition, zero, dy).sum(to: context.inputs[2].type) : nil,
    ]
  }
}

/// Whether every element is a finite number.
struct AllFiniteOperation: Operation {
  var name: String { "isfinite" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0].scalar.isFloatingPoint, name, "expected floating-point elements, got \(inputs[0])")
    return [TensorType([], .bool)]
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    call.outputs[0].elements(Bool.self)[0] =
      Elementwise.countNotFinite(type.scalar.elementType, call.inputs[0].address, count: type.elementCount)
      == 0
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension Tensor {
  func compared(_ comparison: Comparison, to other: Tensor) throws -> Tensor {
    let operation = ComparisonOperation(comparison: comparison)
    return try Tensor.apply(operation, Tensor.aligned([self, other], operation.name))[0]
  }

  /// Compares with a number: in float64 where the element type has no such number.
  private func compared(_ comparison: Comparison, toNumber value: Double) throws -> Tensor {
    let isKnown =
      switch scalar {
      case .int32: Int32(exactly: value) != nil
      case .int64: Int64(exactly: value) != nil
      case .uint8: UInt8(exactly: value) != nil
      case .float32, .float64, .bool: true
      }
    let elements = isKnown ? self : try cast(to: .float64)
    return try elements.compared(comparison, to: Tensor.full(value, TensorType([], elements.scalar)))
  }

  /// Whether the elements of a pair are equal, as bool, with NumPy's broadcasting; false where either is not a number.
  ///
  /// - Throws: ``MartletError`` when the shapes do not fit or the element types differ; so do the other comparisons.
  public func equal(to other: Tensor) throws -> Tensor { try compared(.equal, to: other) }
  /// Whether the elements of a pair differ; true where either is not a number.
  public func notEqual(to other: Tensor) throws -> Tensor { try compared(.notEqual, to: other) }
  /// Whether each element is less than the other's; false where either is not a number.
  public func less(than other: Tensor) throws -> Tensor { try compared(.less, to: other) }
  /// Whether each element is less than the other's or equal; false where either is not a number.
  public func lessOrEqual(to other: Tensor) throws -> Tensor { try compared(.lessEqual, to: other) }
  /// Whether each element is greater than the other's; false where either is not a number.
  public func greater(than other: Tensor) throws -> Tensor { try compared(.greater, to: other) }
  /// Whether each element is greater than the other's or equal; false where either is not a number.
  public func greaterOrEqual(to other: Tensor) throws -> Tensor { try compared(.greaterEqual, to: other) }

  /// Whether each element equals a number.
  ///
  /// Comparisons with a number are of its value, whatever the element type: no integer equals 2.5, and all are less than
  /// 1e30. Integers beyond 2⁵³ are rounded for a number that their type does not have.
  public func equal(to value: Double) throws -> Tensor { try compared(.equal, toNumber: value) }
  /// Whether each element differs from a number.
  public func notEqual(to value: Double) throws -> Tensor { try compared(.notEqual, toNumber: value) }
  /// Whether each element is less than a number.
  public func less(than value: Double) throws -> Tensor { try compared(.less, toNumber: value) }
  /// Whether each element is a number or less.
  public func lessOrEqual(to value: Double) throws -> Tensor { try compared(.lessEqual, toNumber: value) }
  /// Whether each element is greater than a number.
  public func greater(than value: Double) throws -> Tensor { try compared(.greater, toNumber: value) }
  /// Whether each element is a number or greater.
  public func greaterOrEqual(to value: Double) throws -> Tensor {
    try compared(.greaterEqual, toNumber: value)
  }

  /// Whether both are true (not zero).
  public func and(_ other: Tensor) throws -> Tensor { try compared(.and, to: other) }
  /// Whether either is true (not zero).
  public func or(_ other: Tensor) throws -> Tensor { try compared(.or, to: other) }
  /// Whether one of the two is true (not zero), and not both.
  public func xor(_ other: Tensor) throws -> Tensor {
    try cast(to: .bool).notEqual(to: other.cast(to: .bool))
  }
  /// Whether each element is not a number.
  public func isNaN() throws -> Tensor { try notEqual(to: self) }
  /// Whether each element is infinite, of the signs that are asked for.
  public func isInfinite(positive: Bool = true, negative: Bool = true) throws -> Tensor {
    try require(scalar.isFloatingPoint, "isinf", "expected floating-point elements, got \(type)")
    let both = try [(positive, Double.infinity), (negative, -.infinity)].map {
      try equal(to: $0 ? $1 : .nan)
    }
    return try both[0].or(both[1])
  }
  /// Whether each element is false (zero).
  public func not() throws -> Tensor { try equal(to: 0) }

  /// `a` where `condition` holds, `b` elsewhere, with NumPy's broadcasting of all three.
  ///
  /// - Throws: ``MartletError`` unless the condition is bool, the shapes fit and the element types agree.
  public static func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    try apply(SelectOperation(), aligned([condition, a, b], "where"))[0]
  }

  /// Whether every element is finite: a bool of shape [].
  public func isAllFinite() throws -> Tensor { try Tensor.apply(AllFiniteOperation(), [self])[0] }
}
