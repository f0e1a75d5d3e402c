import MartletKernels

/// A function of every element by itself.
struct UnaryOperation: Operation {
  var function: UnaryFunction

  var name: String { function.operationName }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0].scalar.isFloatingPoint, name,
      "expected floating-point elements, got \(inputs[0].scalar.rawValue) (input \(inputs[0].shape))")
    return inputs
  }

  func run(_ call: OperationCall) {
    let (input, output) = (call.inputs[0], call.outputs[0])
    Elementwise.unary(
      function, input.type.scalar.elementType, input.address, output.address, count: input.type.elementCount)
  }

  var inPlacePairs: [InPlacePair] { [InPlacePair(output: 0, input: 0)] }

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

  var inPlacePairs: [InPlacePair] {
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
    case .addScalar: "add"
    case .scale: "mul"
    case .divideBy, .divideInto: "div"
    case .subtractFrom: "sub"
    case .power: "pow"
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

  public static prefix func - (x: Tensor) throws -> Tensor { try x.mapped(.negate) }

  /// |x|; its gradient at 0 is 0.
  public func abs() throws -> Tensor { try mapped(.abs) }
  /// e to the power x.
  public func exp() throws -> Tensor { try mapped(.exp) }
  /// The natural logarithm: −∞ at 0, not a number below.
  public func log() throws -> Tensor { try mapped(.log) }
  public func sqrt() throws -> Tensor { try mapped(.sqrt) }
  /// 1 / x
  public func reciprocal() throws -> Tensor { try mapped(.reciprocal) }
  /// x · x
  public func square() throws -> Tensor { try mapped(.square) }
  /// x to a constant power.
  public func power(_ exponent: Double) throws -> Tensor { try mapped(.power(exponent)) }

  /// max(x, 0); its gradient at 0 is 0. What is not a number stays so.
  public func relu() throws -> Tensor { try mapped(.relu) }
  /// x where x > 0, else slope · x.
  public func leakyReLU(slope: Double = 0.01) throws -> Tensor { try mapped(.leakyReLU(slope: slope)) }

  /// How ``gelu(approximation:)`` computes Φ.
  public enum GELUApproximation: Hashable, Sendable {
    /// With the error function.
    case none
    /// ½ (1 + tanh(√(2/π) · (x + 0.044715 x³)))
    case tanh
  }

  /// The Gaussian error linear unit x · Φ(x) (Hendrycks and Gimpel, 2016).
  public func gelu(approximation: GELUApproximation = .none) throws -> Tensor {
    try mapped(approximation == .none ? .gelu : .geluTanh)
  }

  /// x · sigmoid(x), also called swish.
  public func silu() throws -> Tensor { try mapped(.silu) }
  /// x · hardSigmoid(x) (Howard et al., "Searching for MobileNetV3", 2019).
  public func hardSwish() throws -> Tensor { try mapped(.hardSwish) }
  /// (x + 3) / 6, kept within 0 and 1.
  public func hardSigmoid() throws -> Tensor { try mapped(.hardSigmoid) }
  /// 1 / (1 + e to the power −x)
  public func sigmoid() throws -> Tensor { try mapped(.sigmoid) }
  public func tanh() throws -> Tensor { try mapped(.tanh) }
  /// The error function 2/√π · ∫₀ˣ e^−t² dt.
  public func erf() throws -> Tensor { try mapped(.erf) }

  /// Limits every element to a range, open on the side that is not given; the gradient is 0 outside of it.
  public func clamp(min: Double = -.infinity, max: Double = .infinity) throws -> Tensor {
    try mapped(.clamp(min, max))
  }

  // MARK: With a number

  public static func + (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.addScalar(a)) }
  public static func + (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.addScalar(a)) }
  public static func - (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.addScalar(-a)) }
  public static func - (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.subtractFrom(a)) }
  public static func * (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.scale(a)) }
  public static func * (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.scale(a)) }
  public static func / (x: Tensor, a: Double) throws -> Tensor { try x.mapped(.divideBy(a)) }
  public static func / (a: Double, x: Tensor) throws -> Tensor { try x.mapped(.divideInto(a)) }
}
