import CMartletKernels

/// A function of one number, with its attributes.
public enum UnaryFunction: Hashable, Sendable {
  case negate, abs, exp, log, sqrt, reciprocal, square
  case relu
  case leakyReLU(slope: Double)
  /// x · Φ(x), with the error function or with its approximation by tanh.
  case gelu, geluTanh
  case silu, sigmoid, tanh, erf
  /// x · hardSigmoid(x); and (x + 3) / 6, but from 0 to 1.
  case hardSwish, hardSigmoid
  /// Limits; at these the first has a slope of 1, as PyTorch's `clamp`, the second one of 0, as its `hardtanh`.
  case clamp(Double, Double)
  case hardTanh(Double, Double)
  /// x + a, x · a, x / a, a − x, a / x, x to the power a
  case addScalar(Double)
  case scale(Double)
  case divideBy(Double)
  case subtractFrom(Double)
  case divideInto(Double)
  case power(Double)
  /// Halves are rounded to even.
  case sign, ceil, floor, round
  case sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh
  /// log(1 + e to the power x), x / (1 + |x|), x · tanh(softplus(x))
  case softplus, softsign, mish
  /// x above 0, below it slope · (e to the power rate · x − 1).
  case elu(slope: Double, rate: Double)
  /// x above a value, 0 elsewhere.
  case threshold(Double)
  /// 0 within ± a threshold; beyond it x, nearer to 0 by an offset.
  case shrink(threshold: Double, offset: Double)

  /// Whether it is a function of integers too.
  public var acceptsIntegers: Bool {
    switch self {
    case .negate, .abs, .sign, .square, .relu: true
    default: false
    }
  }

  /// What the gradient needs besides the output's.
  public enum Kept: Sendable {
    case input, output, nothing
    /// No gradient flows: the function is constant in pieces.
    case noGradient
  }

  /// What ``Elementwise/unaryGradient(_:_:kept:dy:dx:count:)`` takes, if it is for this function.
  public var kept: Kept {
    switch self {
    case .exp, .sqrt, .reciprocal, .relu, .sigmoid, .tanh, .tan: .output
    case .leakyReLU(let slope): slope >= 0 ? .output : .input
    case .negate, .addScalar, .scale, .divideBy, .subtractFrom: .nothing
    case .sign, .ceil, .floor, .round: .noGradient
    case .abs, .log, .square, .gelu, .geluTanh, .silu, .hardSwish, .hardSigmoid, .erf, .clamp, .hardTanh,
      .divideInto, .power, .sin, .cos, .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh, .softplus,
      .softsign, .mish, .elu, .threshold, .shrink:
      .input
    }
  }

  var call: (function: martlet_unary, a: Double, b: Double) {
    switch self {
    case .negate: (MARTLET_NEGATE, 0, 0)
    case .abs: (MARTLET_ABS, 0, 0)
    case .exp: (MARTLET_EXP, 0, 0)
    case .log: (MARTLET_LOG, 0, 0)
    case .sqrt: (MARTLET_SQRT, 0, 0)
    case .reciprocal: (MARTLET_RECIPROCAL, 0, 0)
    case .square: (MARTLET_SQUARE, 0, 0)
    case .relu: (MARTLET_RELU, 0, 0)
    case .leakyReLU(let slope): (MARTLET_LEAKY_RELU, slope, 0)
    case .gelu: (MARTLET_GELU, 0, 0)
    case .geluTanh: (MARTLET_GELU_TANH, 0, 0)
    case .silu: (MARTLET_SILU, 0, 0)
    case .hardSwish: (MARTLET_HARD_SWISH, 0, 0)
    case .hardSigmoid: (MARTLET_HARD_SIGMOID, 0, 0)
    case .sigmoid: (MARTLET_SIGMOID, 0, 0)
    case .tanh: (MARTLET_TANH, 0, 0)
    case .erf: (MARTLET_ERF, 0, 0)
    case .clamp(let low, let high): (MARTLET_CLAMP, low, high)
    case .hardTanh(let low, let high): (MARTLET_HARD_TANH, low, high)
    case .addScalar(let a): (MARTLET_ADD_SCALAR, a, 0)
    case .scale(let a): (MARTLET_SCALE, a, 0)
    case .divideBy(let a): (MARTLET_DIVIDE_BY, a, 0)
    case .subtractFrom(let a): (MARTLET_SUBTRACT_FROM, a, 0)
    case .divideInto(let a): (MARTLET_DIVIDE_INTO, a, 0)
    case .power(let a): (MARTLET_POWER_SCALAR, a, 0)
    case .sign: (MARTLET_SIGN, 0, 0)
    case .ceil: (MARTLET_CEIL, 0, 0)
    case .floor: (MARTLET_FLOOR, 0, 0)
    case .round: (MARTLET_ROUND, 0, 0)
    case .sin: (MARTLET_SIN, 0, 0)
    case .cos: (MARTLET_COS, 0, 0)
    case .tan: (MARTLET_TAN, 0, 0)
    case .asin: (MARTLET_ASIN, 0, 0)
    case .acos: (MARTLET_ACOS, 0, 0)
    case .atan: (MARTLET_ATAN, 0, 0)
    case .sinh: (MARTLET_SINH, 0, 0)
    case .cosh: (MARTLET_COSH, 0, 0)
    case .asinh: (MARTLET_ASINH, 0, 0)
    case .acosh: (MARTLET_ACOSH, 0, 0)
    case .atanh: (MARTLET_ATANH, 0, 0)
    case .softplus: (MARTLET_SOFTPLUS, 0, 0)
    case .softsign: (MARTLET_SOFTSIGN, 0, 0)
    case .mish: (MARTLET_MISH, 0, 0)
    case .elu(let slope, let rate): (MARTLET_ELU, slope, rate)
    case .threshold(let a): (MARTLET_THRESHOLD, a, 0)
    case .shrink(let threshold, let offset): (MARTLET_SHRINK, threshold, offset)
    }
  }
}
