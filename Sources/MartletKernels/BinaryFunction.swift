import CMartletKernels

/// A function of two numbers. Arithmetic of integers wraps around.
public enum BinaryFunction: Hashable, Sendable, CaseIterable {
  case add, subtract, multiply, divide, maximum, minimum, power
  /// What is left of a division: of the divisor's sign, or of the dividend's.
  case remainder, truncatedRemainder
  /// The first above 0, elsewhere the product of both.
  case parametricReLU
  /// Of integers only. As with remainders of integers, what is divided by 0 becomes 0. Shifts by a negative number, or
  /// by all bits or more, leave 0, but −1 of a negative number that is shifted right.
  case truncatedQuotient, bitwiseAnd, bitwiseOr, bitwiseXor, shiftLeft, shiftRight

  /// Whether it is a function of floating-point numbers.
  public var acceptsReals: Bool {
    switch self {
    case .truncatedQuotient, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .shiftLeft, .shiftRight: false
    default: true
    }
  }

  /// Whether it is a function of integers: all are but ``divide``.
  public var acceptsIntegers: Bool { self != .divide }

  var cValue: martlet_binary {
    switch self {
    case .add: MARTLET_ADD
    case .subtract: MARTLET_SUBTRACT
    case .multiply: MARTLET_MULTIPLY
    case .divide: MARTLET_DIVIDE
    case .maximum: MARTLET_MAXIMUM
    case .minimum: MARTLET_MINIMUM
    case .power: MARTLET_POWER
    case .remainder: MARTLET_REMAINDER
    case .truncatedRemainder: MARTLET_TRUNCATED_REMAINDER
    case .parametricReLU: MARTLET_PARAMETRIC_RELU
    case .truncatedQuotient: MARTLET_TRUNCATED_QUOTIENT
    case .bitwiseAnd: MARTLET_BITWISE_AND
    case .bitwiseOr: MARTLET_BITWISE_OR
    case .bitwiseXor: MARTLET_BITWISE_XOR
    case .shiftLeft: MARTLET_SHIFT_LEFT
    case .shiftRight: MARTLET_SHIFT_RIGHT
    }
  }
}

/// A function of two numbers that is true or false. And, or: of "is not zero".
public enum Comparison: Hashable, Sendable, CaseIterable {
  case equal, notEqual, less, lessEqual, greater, greaterEqual, and, or

  var cValue: martlet_comparison {
    switch self {
    case .equal: MARTLET_EQUAL
    case .notEqual: MARTLET_NOT_EQUAL
    case .less: MARTLET_LESS
    case .lessEqual: MARTLET_LESS_EQUAL
    case .greater: MARTLET_GREATER
    case .greaterEqual: MARTLET_GREATER_EQUAL
    case .and: MARTLET_AND
    case .or: MARTLET_OR
    }
  }
}
