import Martlet

extension OperatorTable {
  /// Arithmetic on every element, with NumPy's broadcasting.
  static let arithmetic: [OperatorDefinition] = [
    .binary("Add") { try $0 + $1 },
    .binary("Sub") { try $0 - $1 },
    .binary("Mul") { try $0 * $1 },
    .binary("Div") { try $0.scalar.isFloatingPoint ? $0 / $1 : $0.truncatedQuotient(dividingBy: $1) },
    OperatorDefinition("Pow", inputs: 2...2, constant: [1]) { _ in { [try power($0[0], $0[1])] } },
    OperatorDefinition("Mod", from: 10, inputs: 2...2) { node in
      let truncates = try node.flag("fmod")
      let takesReals = truncates || node.version >= 28
      return { inputs in
        let (a, b) = (try inputs[0], try inputs[1])
        try require(
          takesReals || !a.scalar.isFloatingPoint, "onnx", "expected attribute fmod to be 1 for \(a.type)")
        return [try truncates ? a.truncatedRemainder(dividingBy: b) : a.remainder(dividingBy: b)]
      }
    },
    folded("Max") { try $0.maximum($1) },
    folded("Min") { try $0.minimum($1) },
    folded("Sum") { try $0 + $1 },
    OperatorDefinition("Mean", inputs: OperatorDefinition.many) { _ in
      { inputs in
        let all = try inputs.all
        return [try all.dropFirst().reduce(all[0]) { try $0 + $1 } / Double(all.count)]
      }
    },
    OperatorDefinition("Clip", inputs: 1...3, constant: [1, 2]) { node in
      let isInput = node.version >= 11
      let least = isInput ? nil : try node.number("min")
      let most = isInput ? nil : try node.number("max")
      return { inputs in
        let x = try inputs[0]
        let limits = [inputs.optional(1), inputs.optional(2)]
        // Numbers that are known leave one pass over the elements.
        guard x.scalar.isFloatingPoint, limits.allSatisfy({ $0?.isSymbolic != true }) else {
          return [try x.clamp(min: limits[0], max: limits[1])]
        }
        return [
          try x.clamp(
            min: inputs.number(1) ?? least ?? -.infinity, max: inputs.number(2) ?? most ?? .infinity)
        ]
      }
    },
    .unary("Abs") { try $0.abs() },
    .unary("Neg") { try -$0 },
    .unary("Sign", from: 9) { try $0.sign() },
    .unary("Ceil") { try $0.ceil() },
    .unary("Floor") { try $0.floor() },
    .unary("Round", from: 11) { try $0.rounded() },
    .unary("Reciprocal") { try $0.reciprocal() },
    .unary("Sqrt") { try $0.sqrt() },
    .unary("Exp") { try $0.exp() },
    .unary("Log") { try $0.log() },
    .unary("Erf", from: 9) { try $0.erf() },
    .unary("Sin") { try $0.sin() },
    .unary("Cos") { try $0.cos() },
    .unary("Tan") { try $0.tan() },
    .unary("Asin") { try $0.asin() },
    .unary("Acos") { try $0.acos() },
    .unary("Atan") { try $0.atan() },
    .unary("Sinh", from: 9) { try $0.sinh() },
    .unary("Cosh", from: 9) { try $0.cosh() },
    .unary("Asinh", from: 9) { try $0.asinh() },
    .unary("Acosh", from: 9) { try $0.acosh() },
    .unary("Atanh", from: 9) { try $0.atanh() },
    .binary("BitwiseAnd", from: 18) { try $0.bitwiseAnd($1) },
    .binary("BitwiseOr", from: 18) { try $0.bitwiseOr($1) },
    .binary("BitwiseXor", from: 18) { try $0.bitwiseXor($1) },
    .unary("BitwiseNot", from: 18) { try $0.bitwiseNot() },
    OperatorDefinition("BitShift", from: 11, inputs: 2...2) { node in
      enum Direction: String, CaseIterable {
        case left = "LEFT"
        case right = "RIGHT"
      }
      let direction = try node.word("direction", default: Direction.left)
      return { inputs in
        let (x, places) = (try inputs[0], try inputs[1])
        return [try direction == .left ? x.shiftedLeft(by: places) : x.shiftedRight(by: places)]
      }
    },
  ]

  /// An operator of any number of tensors that is one of two at a time.
  private static func folded(
    _ name: String, _ function: @escaping @Sendable (Tensor, Tensor) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name, inputs: OperatorDefinition.many) { _ in
      { inputs in
        let all = try inputs.all
        return [try all.dropFirst().reduce(all[0], function)]
      }
    }
  }
}

/// A power whose exponent may be of another type; the result is of the base's.
private func power(_ base: Tensor, _ exponent: Tensor) throws -> Tensor {
  if !base.scalar.isFloatingPoint, exponent.scalar.isFloatingPoint {
    return try base.cast(to: .float64).power(exponent.cast(to: .float64)).cast(to: base.scalar)
  }
  let exponent = try exponent.cast(to: base.scalar)
  guard base.scalar.isFloatingPoint, !exponent.isSymbolic, exponent.elementCount == 1,
    exponent.rank <= base.rank
  else { return try base.power(exponent) }
  switch try exponent.cast(to: .float64).item(Double.self) {
  case 1: return base
  case 2: return try base.square()
  case 0.5: return try base.sqrt()
  case let number: return try base.power(number)
  }
}
