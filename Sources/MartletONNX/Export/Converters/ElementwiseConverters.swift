import Martlet
import MartletKernels

extension OperationConverter {
  static let elementwise: [OperationConverter] = [
    OperationConverter({ $0.unaryFunction }, write: { [try write($0.fixed(\.self), $1)] }),
    OperationConverter({ $0.binaryFunction }, write: { [try write($0.fixed(\.self), $1)] }),
    OperationConverter({ $0.comparisonFunction }, write: { [try write($0.fixed(\.self), $1)] }),
    OperationConverter({ $0.isSelection ? true : nil }, write: { _, node in [node.node("Where")] }),
    OperationConverter(
      { $0.castTarget },
      write: {
        [$1.node("Cast", [.int("to", Int(try $0.fixed(\.self).elementNumber))])]
      }),
    OperationConverter(
      { $0.softmax },
      write: {
        [
          $1.node(
            try $0.fixed(\.isLogarithm) ? "LogSoftmax" : "Softmax", [.int("axis", try $0.fixed(\.axis))])
        ]
      }),
  ]

  private static func write(_ function: BinaryFunction, _ node: NodeContext) throws -> String {
    switch function {
    case .add: return node.node("Add")
    case .subtract: return node.node("Sub")
    case .multiply: return node.node("Mul")
    case .divide, .truncatedQuotient: return node.node("Div")
    case .maximum: return node.node("Max")
    case .minimum: return node.node("Min")
    case .power: return node.node("Pow")
    case .truncatedRemainder: return node.node("Mod", [.int("fmod", 1)])
    case .remainder where !node.scalar.isFloatingPoint: return node.node("Mod")
    case .parametricReLU where node.inputShape() == node.outputShape(): return node.node("PRelu")
    case .bitwiseAnd where node.opset >= 18: return node.node("BitwiseAnd")
    case .bitwiseOr where node.opset >= 18: return node.node("BitwiseOr")
    case .bitwiseXor where node.opset >= 18: return node.node("BitwiseXor")
    case .remainder, .parametricReLU, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .shiftLeft, .shiftRight:
      throw node.unsupported()
    }
  }

  private static func write(_ function: UnaryFunction, _ node: NodeContext) throws -> String {
    let x = node.inputs[0]
    func with(_ operation: String, _ number: Double) throws -> String {
      node.node(operation, [x, try node.scalar(number)])
    }
    switch function {
    case .negate: return node.node("Neg")
    case .abs: return node.node("Abs")
    case .exp: return node.node("Exp")
    case .log: return node.node("Log")
    case .sqrt: return node.node("Sqrt")
    case .reciprocal: return node.node("Reciprocal")
    case .square: return node.node("Mul", [x, x])
    case .relu: return node.node("Relu")
    case .leakyReLU(let slope): return node.node("LeakyRelu", [.float("alpha", slope)])
    case .gelu: return try gelu(node)
    case .geluTanh: return try geluTanh(node)
    case .silu: return node.node("Mul", [x, node.node("Sigmoid")])
    case .sigmoid: return node.node("Sigmoid")
    case .tanh: return node.node("Tanh")
    case .erf: return node.node("Erf")
    case .hardSwish: return node.node("HardSwish")
    case .hardSigmoid: return node.node("HardSigmoid", [.float("alpha", 1.0 / 6), .float("beta", 0.5)])
    case .clamp(let low, let high), .hardTanh(let low, let high):
      // A side that is open has no input.
      let bounds = try [low, high].map { $0.isFinite ? try node.scalar($0) : "" }
      return node.node("Clip", bounds[1].isEmpty ? [x, bounds[0]] : [x] + bounds)
    case .addScalar(let a): return try with("Add", a)
    case .scale(let a): return try with("Mul", a)
    case .divideBy(let a): return try with("Div", a)
    case .subtractFrom(let a): return node.node("Sub", [try node.scalar(a), x])
    case .divideInto(let a): return node.node("Div", [try node.scalar(a), x])
    case .power(let a): return try with("Pow", a)
    case .sign: return node.node("Sign")
    case .ceil: return node.node("Ceil")
    case .floor: return node.node("Floor")
    case .round: return node.node("Round")
    case .sin: return node.node("Sin")
    case .cos: return node.node("Cos")
    case .tan: return node.node("Tan")
    case .asin: return node.node("Asin")
    case .acos: return node.node("Acos")
    case .atan: return node.node("Atan")
    case .sinh: return node.node("Sinh")
    case .cosh: return node.node("Cosh")
    case .asinh: return node.node("Asinh")
    case .acosh: return node.node("Acosh")
    case .atanh: return node.node("Atanh")
    case .softplus: return node.node("Softplus")
    case .softsign: return node.node("Softsign")
    case .mish: return node.node("Mul", [x, node.node("Tanh", [node.node("Softplus")])])
    case .elu(let slope, let rate):
      // Of rate · x, the operator gives rate times what is wanted.
      let scaled = rate == 1 ? x : try with("Mul", rate)
      let value = node.node("Elu", [scaled], [.float("alpha", slope * rate)])
      return rate == 1 ? value : node.node("Div", [value, try node.scalar(rate)])
    case .threshold(let limit): return node.node("ThresholdedRelu", [.float("alpha", limit)])
    case .shrink(let threshold, let offset):
      return node.node("Shrink", [.float("lambd", threshold), .float("bias", offset)])
    }
  }

  /// x · ½ (1 + erf(x / √2)), which is an operator from operator set 20 on.
  private static func gelu(_ node: NodeContext) throws -> String {
    if node.opset >= 20 { return node.node("Gelu") }
    let scaled = node.node("Mul", [node.inputs[0], try node.scalar(0.5.squareRoot())])
    let shifted = node.node("Add", [node.node("Erf", [scaled]), try node.scalar(1)])
    let halved = node.node("Mul", [node.inputs[0], try node.scalar(0.5)])
    return node.node("Mul", [halved, shifted])
  }

  private static func geluTanh(_ node: NodeContext) throws -> String {
    if node.opset >= 20 { return node.node("Gelu", [.string("approximate", "tanh")]) }
    let x = node.inputs[0]
    // √(2/π) · x · (1 + 0.044715 x²)
    let square = node.node("Mul", [x, x])
    let inner = node.node(
      "Add", [node.node("Mul", [square, try node.scalar(0.044715)]), try node.scalar(1)])
    let scaled = node.node("Mul", [x, try node.scalar((2 / Double.pi).squareRoot())])
    let shifted = node.node(
      "Add", [node.node("Tanh", [node.node("Mul", [scaled, inner])]), try node.scalar(1)])
    return node.node("Mul", [node.node("Mul", [x, try node.scalar(0.5)]), shifted])
  }

  private static func write(_ comparison: Comparison, _ node: NodeContext) throws -> String {
    // And and Or take anything here and bools there.
    func bools() throws -> [String] {
      let type = WireAttribute.int("to", Int(try ScalarType.bool.elementNumber))
      return node.inputs.map { node.scalar == .bool ? $0 : node.node("Cast", [$0], [type]) }
    }
    switch comparison {
    case .equal: return node.node("Equal")
    case .notEqual: return node.node("Not", [node.node("Equal")])
    case .less: return node.node("Less")
    case .lessEqual: return node.node("LessOrEqual")
    case .greater: return node.node("Greater")
    case .greaterEqual: return node.node("GreaterOrEqual")
    case .and: return node.node("And", try bools())
    case .or: return node.node("Or", try bools())
    }
  }
}

extension NodeContext {
  /// An operation that is none of inference, or that ONNX has no operators for.
  func unsupported() -> MartletError {
    MartletError(
      "onnx",
      "expected operations of inference that ONNX has operators for, got \(operations[0].name) in \(place)")
  }
}
