import MartletKernels

/// A function of every element by itself.
struct UnaryOperation: Operation {
  var function: UnaryFunction

  var name: String { function.operationName }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let scalar = inputs[0].scalar
    try require(
      scalar.isFloatingPoint || (function.acceptsIntegers && scalar != .bool), name,
      "expected \(function.acceptsIntegers ? "numbers" : "floating-point elements"), got \(scalar.rawValue) "
        + "(input \(inputs[0].shape))")
    return inputs
  }

  func run(_ call: OperationCall) {
    let (input, output) = (call.inputs[0], call.outputs[0])
    Elementwise.unary(
      function, input.type.scalar.elementType, input.address, output.address, count: input.type.elementCount)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }

  func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool {
    [.scale(1), .divideBy(1), .clamp(-.infinity, .infinity)].contains(function)
  }

  func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    Recomputation(self, [.input(0)])
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let dy = context.outputGradient
    let kept: Tensor
    switch function.kept {
    case .input: kept = context.inputs[0]
    case .output: kept = context.outputs[0]
    case .nothing:
      guard let linear = function.gradientOfLinear else { return [dy] }
      return [try dy.mapped(linear)]
    case .noGradient: return [nil]
    }
    return [try Tensor.apply(UnaryGradientOperation(function: function), [kept, dy])[0]]
  }
}

/// The gradient of a ``UnaryOperation``, from its kept input or output and the output's gradient.
struct UnaryGradientOperation: Operation {
  var function: UnaryFunction

  var name: String { "\(function.operationName)_backward" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(inputs[0] == inputs[1], name, "expected a gradient of \(inputs[0]), got \(inputs[1])")
    return [inputs[1]]
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    Elementwise.unaryGradient(
      function, type.scalar.elementType, kept: call.inputs[0].address, dy: call.inputs[1].address,
      dx: call.outputs[0].address, count: type.elementCount)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 1), InPlacePair(output: 0, input: 0)]
  }
}

extension UnaryFunction {
  /// PyTorch's name.
  var operationName: String {
    switch self {
    case .negate: "neg"
    case .abs: "abs"
    case .exp: "exp"
    case .log: "log"
    case .sqrt: "sqrt"
    case .reciprocal: "reciprocal"
    case .square: "square"
    case .relu: "relu"
    case .leakyReLU: "leaky_relu"
    case .gelu, .geluTanh: "gelu"
    case .silu: "silu"
    case .hardSwish: "hardswish"
    case .hardSigmoid: "hardsigmoid"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .erf: "erf"
    case .clamp: "clamp"
    case .hardTanh: "hardtanh"
    case .addScalar: "add"
    case .scale: "mul"
    case .divideBy, .divideInto: "div"
    case .subtractFrom: "sub"
    case .power: "pow"
    case .sign: "sign"
    case .ceil: "ceil"
    case .floor: "floor"
    case .round: "round"
    case .sin: "sin"
    case .cos: "cos"
    case .tan: "tan"
    case .asin: "asin"
    case .acos: "acos"
    case .atan: "atan"
    case .sinh: "sinh"
    case .cosh: "cosh"
    case .asinh: "asinh"
    case .acosh: "acosh"
    case .atanh: "atanh"
    case .softplus: "softplus"
    case .softsign: "softsign"
    case .mish: "mish"
    case .elu: "elu"
    case .threshold: "threshold"
    case .shrink: "shrink"
    }
  }

  /// For a linear function, what its output's gradient goes through; `nil` where it passes as it is.
  var gradientOfLinear: UnaryFunction? {
    switch self {
    case .negate, .subtractFrom: .negate
    case .scale, .divideBy: self
    default: nil
    }
  }
}

extension Tensor {
  /// Applies a function to every element.
  func mapped(_ function: UnaryFunction) throws -> Tensor {
    try Tensor.apply(UnaryOperation(function: function), [self])[0]
  }

  // Opposite, magnitude, sign, square and relu are for integers too, where arithmetic wraps around.

  /// The opposite of each element. Integers wrap around: that of 1 as uint8 is 255.
  public static prefix func - (x: Tensor) throws -> Tensor { try x.mapped(.negate) }

  /// |x|; its gradient at 0 is 0.
  public func abs() throws -> Tensor { try mapped(.abs) }
  /// e to the power x.
  public func exp() throws -> Tensor { try mapped(.exp) }
  /// The natural logarithm: −∞ at 0, not a number below.
  public func log() throws -> Tensor { try mapped(.log) }
  /// The square root: not a number below 0. Its gradient at 0 is infinite.
  public func sqrt() throws -> Tensor { try mapped(.sqrt) }
  /// 1 / x
  public func reciprocal() throws -> Tensor { try mapped(.reciprocal) }
  /// x · x
  public func square() throws -> Tensor { try mapped(.square) }
  /// x to a constant power.
  public func power(_ exponent: Double) throws -> Tensor { try mapped(.power(exponent)) }
  /// 1 above 0, −1 below, and what is neither as it is.
  public func sign() throws -> Tensor { try mapped(.sign) }

  // MARK: Rounding, which no gradient flows through

  /// The next whole number that is not less. No gradient flows through it.
  public func ceil() throws -> Tensor { try mapped(.ceil) }
  /// The next whole number that is not greater. No gradient flows through it.
  public func floor() throws -> Tensor { try mapped(.floor) }
  /// The nearest whole number, the even one of two.
  public func rounded() throws -> Tensor { try mapped(.round) }

  // MARK: Trigonometry

  /// The sine of an angle in radians.
  public func sin() throws -> Tensor { try mapped(.sin) }
  /// The cosine of an angle in radians.
  public func cos() throws -> Tensor { try mapped(.cos) }
  /// The tangent of an angle in radians.
  public func tan() throws -> Tensor { try mapped(.tan) }
  /// The arc sine in radians, from −π/2 to π/2; not a number outside of −1 to 1.
  public func asin() throws -> Tensor { try mapped(.asin) }
  /// The arc cosine in radians, from 0 to π; not a number outside of −1 to 1.
  public func acos() throws -> Tensor { try mapped(.acos) }
  /// The arc tangent in radians, from −π/2 to π/2.
  public func atan() throws -> Tensor { try mapped(.atan) }
  /// The hyperbolic sine.
  public func sinh() throws -> Tensor { try mapped(.sinh) }
  /// The hyperbolic cosine.
  public func cosh() throws -> Tensor { try mapped(.cosh) }
  /// The inverse of the hyperbolic sine.
  public func asinh() throws -> Tensor { try mapped(.asinh) }
  /// The inverse of the hyperbolic cosine, 0 or more; not a number below 1.
  public func acosh() throws -> Tensor { try mapped(.acosh) }
  /// The inverse of the hyperbolic tangent: infinite at −1 and 1, not a number outside of them.
  public func atanh() throws -> Tensor { try mapped(.atanh) }

  /// The error function 2/√π · ∫₀ˣ e^−t² dt.
  public func erf() throws -> Tensor { try mapped(.erf) }

  /// Limits every element to a range, open on the side that is not given; the gradient is 0 outside of it.
  public func clamp(min: Double = -.infinity, max: Double = .infinity) throws -> Tensor {
    try mapped(.clamp(min, max))
  }

  // MARK: With a number

  /// A number added to every element.
  ///
  /// - Throws: ``MartletError`` unless elements are floating-point numbers; so do the other operators with a number.
  public static func + (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.addScalar(a)) }
  /// A number added to every element.
  public static func + (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.addScalar(a)) }
  /// Every element less a number.
  public static func - (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.addScalar(-a)) }
  /// A number less every element.
  public static func - (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.subtractFrom(a)) }
  /// Every element times a number.
  public static func * (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.scale(a)) }
  /// Every element times a number.
  public static func * (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.scale(a)) }
  /// Every element over a number.
  public static func / (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.divideBy(a)) }
  /// A number over every element.
  public static func / (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.divideInto(a)) }
}
