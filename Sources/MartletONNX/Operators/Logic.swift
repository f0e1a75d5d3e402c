import Martlet

extension OperatorTable {
  /// Comparisons and what is true of both, either or one.
  static let logic: [OperatorDefinition] = [
    .binary("Equal") { try $0.equal(to: $1) },
    .binary("Less") { try $0.less(than: $1) },
    .binary("LessOrEqual", from: 12) { try $0.lessOrEqual(to: $1) },
    .binary("Greater") { try $0.greater(than: $1) },
    .binary("GreaterOrEqual", from: 12) { try $0.greaterOrEqual(to: $1) },
    .binary("And") { try $0.and($1) },
    .binary("Or") { try $0.or($1) },
    .binary("Xor") { try $0.xor($1) },
    .unary("Not") { try $0.not() },
    .unary("IsNaN", from: 9) { try $0.isNaN() },
    OperatorDefinition("IsInf", from: 10) { node in
      let negative = try node.flag("detect_negative", default: true)
      let positive = try node.flag("detect_positive", default: true)
      return { [try $0[0].isInfinite(positive: positive, negative: negative)] }
    },
  ]
}
