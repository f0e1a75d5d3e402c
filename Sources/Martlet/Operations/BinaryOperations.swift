import MartletKernels

/// An arithmetic function of two tensors' elements, with broadcasting.
struct BinaryOperation: Operation {
  var function: BinaryFunction

  var name: String {
    switch function {
    case .add: "add"
    case .subtract: "sub"
    case .multiply: "mul"
    case .divide: "div"
    case .maximum: "maximum"
    case .minimum: "minimum"
    case .power: "pow"
    case .remainder: "remainder"
    case .truncatedRemainder: "fmod"
    case .parametricReLU: "prelu"
    case .truncatedQuotient: "div"
    case .bitwiseAnd: "bitwise_and"
    case .bitwiseOr: "bitwise_or"
    case .bitwiseXor: "bitwise_xor"
    case .shiftLeft: "bitwise_left_shift"
    case .shiftRight: "bitwise_right_shift"
    }
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let result = try inferBroadcast(inputs, name)
    try require(result.scalar != .bool, name, "expected numbers, got bool: cast first")
    let accepts = result.scalar.isFloatingPoint ? function.acceptsReals : function.acceptsIntegers
    let expected = function.acceptsReals ? "floating-point elements" : "integers"
    try require(accepts, name, "expected \(expected), got \(result.scalar.rawValue): cast first")
    return [result]
  }

  func run(_ call: OperationCall) throws {
    let output = call.outputs[0]
    if function.divides, !output.type.scalar.isFloatingPoint, output.type.elementCount > 0 {
      try require(!call.inputs[1].containsZero, name, "expected divisors that are not 0")
    }
    Elementwise.binary(
      function, output.type.scalar.elementType, call.inputs[0].broadcast(to: output.type),
      call.inputs[1].broadcast(to: output.type), output.address, shape: output.type.memoryShape)
  }

  // An operand as large as the result lies as it does: see inferBroadcast.
  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0), InPlacePair(output: 0, input: 1)]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (a, b, y, dy) = (context.inputs[0], context.inputs[1], context.outputs[0], context.outputGradient)
    func forA(_ gradient: () throws -> Tensor) throws -> Tensor? {
      context.wanted[0] ? try gradient().sum(to: a.type) : nil
    }
    func forB(_ gradient: () throws -> Tensor) throws -> Tensor? {
      context.wanted[1] ? try gradient().sum(to: b.type) : nil
    }
    switch function {
    case .add: return [try forA { dy }, try forB { dy }]
    case .subtract: return [try forA { dy }, try forB { try -dy }]
    case .multiply: return [try forA { try dy * b }, try forB { try dy * a }]
    case .divide: return [try forA { try dy / b }, try forB { try -(dy * (y / b)) }]
    case .maximum:
      return [try forA { try dy * share(a, of: b, .less) }, try forB { try dy * share(b, of: a, .less) }]
    case .minimum:
      return [
        try forA { try dy * share(a, of: b, .greater) }, try forB { try dy * share(b, of: a, .greater) },
      ]
    case .power:
      return [
        // b · a^(b − 1), which is 0 for b = 0 even where a is 0 too.
        try forA {
          let zero = try Tensor.full(0, TensorType([], b.scalar))
          let slope = try b * (a.power(b - 1))
          return try dy * Tensor.select(b.equal(to: zero), zero, slope)
        },
        // a^b · log a, which is 0 for a = 0 and b ≥ 0.
        try forB {
          let zero = try Tensor.full(0, TensorType([], b.scalar))
          let flat = try a.equal(to: zero).and(b.greaterOrEqual(to: zero))
          return try dy * Tensor.select(flat, zero, y * a.log())
        },
      ]
    case .remainder, .truncatedRemainder:
      return [try forA { dy }, try forB { try -dy * ((a - y) / b).rounded() }]
    case .parametricReLU:
      let isAbove = try a.greater(than: 0)
      let zero = try Tensor.full(0, TensorType([], a.scalar))
      return [
        try forA { try Tensor.select(isAbove, dy, dy * b) },
        try forB { try Tensor.select(isAbove, zero, dy * a) },
      ]
    case .truncatedQuotient, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .shiftLeft, .shiftRight: return [nil, nil]
    }
  }

  /// How much of the gradient goes to `x` of the two: none where it loses, half where they are equal.
  private func share(_ x: Tensor, of other: Tensor, _ loses: Comparison) throws -> Tensor {
    let lost = try x.compared(loses, to: other).cast(to: x.scalar)
    let tied = try x.equal(to: other).cast(to: x.scalar)
    return try 1 - (lost + 0.5 * tied)
  }
}

extension BinaryFunction {
  /// Whether it has no result for a second number of 0, where numbers are integers.
  fileprivate var divides: Bool {
    self == .truncatedQuotient || self == .remainder || self == .truncatedRemainder
  }
}

extension Operand {
  /// Whether any of these integers is 0.
  fileprivate var containsZero: Bool {
    func search<Scalar: TensorScalar & FixedWidthInteger>(_: Scalar.Type) -> Bool {
      UnsafeBufferPointer(start: elements(Scalar.self), count: type.elementCount).contains(0)
    }
    return switch type.scalar {
    case .int32: search(Int32.self)
    case .int64: search(Int64.self)
    case .uint8: search(UInt8.self)
    case .float32, .float64, .bool: false
    }
  }
}

/// The result's type of an element-wise operation on operands of one element type, checked so that an operand as
/// large as the result lies in memory as it does.
func inferBroadcast(_ inputs: [TensorType], _ name: String) throws -> TensorType {
  try require(
    inputs.allSatisfy { $0.scalar == inputs[0].scalar }, name,
    "expected one element type, got \(inputs.map(\.description).joined(separator: " and "))")
  let shape = try TensorType.broadcastShape(inputs.map(\.shape), name)
  let result = TensorType(
    shape, inputs[0].scalar, TensorType.broadcastLayout(inputs, rank: shape.count))
  for input in inputs {
    try require(
      input.liesLike(result), name,
      "expected operands of one memory layout, got \(inputs.map { "\($0) \($0.layout.rawValue)" })")
  }
  return result
}

extension Tensor {
  func combined(_ function: BinaryFunction, with other: Tensor) throws -> Tensor {
    let operation = BinaryOperation(function: function)
    return try Tensor.apply(operation, Tensor.aligned([self, other], operation.name))[0]
  }

  /// The sum, with NumPy's broadcasting: shapes are aligned at their last dimensions, sizes of 1 are repeated.
  ///
  /// - Throws: ``MartletError`` when the shapes do not fit or the element types differ; so do the other operators.
  public static func + (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.add, with: b) }
  /// The difference. Integers wrap around.
  public static func - (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.subtract, with: b) }
  /// The product of each pair of elements; for that of matrices see ``matmul(_:)``. Integers wrap around.
  public static func * (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.multiply, with: b) }
  /// The quotient of floating-point tensors.
  public static func / (a: Tensor, b: Tensor) throws -> Tensor { try a.combined(.divide, with: b) }

  /// The larger of each pair; not a number where either is. Where they are equal, each gets half of the gradient.
  public func maximum(_ other: Tensor) throws -> Tensor { try combined(.maximum, with: other) }
  /// The smaller of each pair.
  public func minimum(_ other: Tensor) throws -> Tensor { try combined(.minimum, with: other) }
  /// Each element to the power of the other's. Of integers, what is below 1 in magnitude becomes 0.
  public func power(_ exponent: Tensor) throws -> Tensor { try combined(.power, with: exponent) }

  /// Limits every element to a range of tensors, which broadcast, open on a side that is not given. Where an element
  /// is at a limit, each gets half of the gradient.
  public func clamp(min: Tensor?, max: Tensor?) throws -> Tensor {
    let raised = try min.map { try maximum($0) } ?? self
    return try max.map { try raised.minimum($0) } ?? raised
  }

  /// What is left of each element after division, of the divisor's sign: `torch.remainder`.
  ///
  /// - Throws: ``MartletError``, when it runs, for an integer divisor of 0; so do the others.
  public func remainder(dividingBy other: Tensor) throws -> Tensor { try combined(.remainder, with: other) }
  /// What is left of each element after division, of the element's own sign: `torch.fmod`.
  public func truncatedRemainder(dividingBy other: Tensor) throws -> Tensor {
    try combined(.truncatedRemainder, with: other)
  }
  /// The quotient of integers, rounded towards 0.
  public func truncatedQuotient(dividingBy other: Tensor) throws -> Tensor {
    try combined(.truncatedQuotient, with: other)
  }

  // MARK: Bits of integers

  /// The bits that both of two integers have, with broadcasting. Of bools see ``and(_:)``.
  public func bitwiseAnd(_ other: Tensor) throws -> Tensor { try combined(.bitwiseAnd, with: other) }
  /// The bits that either of two integers has, with broadcasting. Of bools see ``or(_:)``.
  public func bitwiseOr(_ other: Tensor) throws -> Tensor { try combined(.bitwiseOr, with: other) }
  /// The bits that one of two integers has, and not both, with broadcasting. Of bools see ``xor(_:)``.
  public func bitwiseXor(_ other: Tensor) throws -> Tensor { try combined(.bitwiseXor, with: other) }
  /// The bits that each integer does not have: −x − 1 where there is a sign. Of bools see ``not()``.
  public func bitwiseNot() throws -> Tensor {
    // Arithmetic wraps around, so that the opposite of 1 has all bits, in unsigned numbers too.
    try bitwiseXor(-Tensor.full(1, TensorType([], scalar)))
  }
  /// Bits moved up by as many places; a shift that is negative, or by all bits or more, leaves none.
  public func shiftedLeft(by places: Tensor) throws -> Tensor { try combined(.shiftLeft, with: places) }
  /// Bits moved down by as many places, the sign kept.
  public func shiftedRight(by places: Tensor) throws -> Tensor { try combined(.shiftRight, with: places) }
}
