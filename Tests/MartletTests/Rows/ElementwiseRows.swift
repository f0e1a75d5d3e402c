import Martlet

extension OperationRow {
  static let elementwise: [OperationRow] = unary + more + arithmetic + integers + comparisons + casts

  private static func row(
    _ name: String, tolerance: Double = 2e-6, checksFiniteDifferences: Bool = true,
    _ body: @escaping @Sendable ([Tensor]) throws -> Tensor
  ) -> OperationRow {
    OperationRow(
      "elementwise/\(name)", tolerance: tolerance, checksFiniteDifferences: checksFiniteDifferences
    ) { [try body($0)] }
  }

  private static let unary: [OperationRow] = [
    row("neg") { try -$0[0] },
    row("abs") { try $0[0].abs() },
    row("exp") { try $0[0].exp() },
    row("log") { try $0[0].log() },
    row("sqrt") { try $0[0].sqrt() },
    row("reciprocal") { try $0[0].reciprocal() },
    row("square") { try $0[0].square() },
    row("relu") { try $0[0].relu() },
    row("leaky_relu") { try $0[0].leakyReLU() },
    row("leaky_relu_rising") { try $0[0].leakyReLU(slope: -0.5) },
    row("gelu") { try $0[0].gelu() },
    row("gelu_tanh") { try $0[0].gelu(approximation: .tanh) },
    row("silu") { try $0[0].silu() },
    row("hard_swish") { try $0[0].hardSwish() },
    row("hard_sigmoid") { try $0[0].hardSigmoid() },
    row("sigmoid") { try $0[0].sigmoid() },
    row("tanh") { try $0[0].tanh() },
    row("erf") { try $0[0].erf() },
    row("clamp") { try $0[0].clamp(min: -0.5, max: 0.8) },
    row("clamp_below") { try $0[0].clamp(min: 0.1) },
    // At its limits there are no differences.
    row("relu6", checksFiniteDifferences: false) { try $0[0].relu6() },
    row("power_square") { try $0[0].power(2) },
    row("power_root") { try $0[0].power(0.5) },
    row("power_cube") { try $0[0].power(3) },
    row("power_fraction") { try $0[0].power(-1.7) },
    row("power_zero") { try $0[0].power(0) },
    row("scalars") { try 2.5 - (3 * $0[0] + 0.75) / 1.3 },
    row("over") { try 2.5 / $0[0] },
  ]

  private static let more: [OperationRow] = [
    row("sin") { try $0[0].sin() },
    row("cos") { try $0[0].cos() },
    row("tan") { try $0[0].tan() },
    row("asin") { try $0[0].asin() },
    row("acos") { try $0[0].acos() },
    row("atan") { try $0[0].atan() },
    row("sinh") { try $0[0].sinh() },
    row("cosh") { try $0[0].cosh() },
    row("asinh") { try $0[0].asinh() },
    row("acosh") { try $0[0].acosh() },
    row("atanh") { try $0[0].atanh() },
    row("softplus") { try (8 * $0[0]).softplus() },
    row("softsign") { try $0[0].softsign() },
    row("mish") { try (4 * $0[0]).mish() },
    row("elu") { try $0[0].elu(slope: 1.3) },
    row("celu") { try $0[0].celu(width: 0.7) },
    row("selu") { try $0[0].selu() },
    row("hard_sigmoid_other") { try $0[0].hardSigmoid(slope: 0.4, offset: 0.3) },
    // They jump.
    row("threshold", checksFiniteDifferences: false) { try $0[0].thresholdedReLU(threshold: 0.3) },
    row("shrink", checksFiniteDifferences: false) { try $0[0].shrink(threshold: 0.4, offset: 0.2) },
    row("soft_shrink") { try $0[0].shrink(offset: 0.5) },
    row("sign") { try $0[0].sign() },
    row("ceil") { try $0[0].ceil() },
    row("floor") { try $0[0].floor() },
    row("round") { try $0[0].rounded() },
    row("isnan") { try $0[0].isNaN() },
    row("isinf") { try $0[0].isInfinite() },
    row("isneginf") { try $0[0].isInfinite(positive: false) },
    row("prelu.channel") { try $0[0].parametricReLU(slope: $0[1]) },
    row("prelu.one") { try $0[0].parametricReLU(slope: $0[1]) },
    row("clamp.tensors") { try $0[0].clamp(min: $0[1], max: $0[2]) },
    row("remainder.both") { try $0[0].remainder(dividingBy: $0[1]) },
    row("fmod.both") { try $0[0].truncatedRemainder(dividingBy: $0[1]) },
  ]

  private static let integers: [OperationRow] = ["int32", "int64", "uint8"].flatMap {
    kind -> [OperationRow] in
    [
      row("remainder.\(kind)") { try $0[0].remainder(dividingBy: $0[1]) },
      row("remainder_channel.\(kind)") { try $0[0].remainder(dividingBy: $0[1]) },
      row("fmod.\(kind)") { try $0[0].truncatedRemainder(dividingBy: $0[1]) },
      row("div.\(kind)") { try $0[0].truncatedQuotient(dividingBy: $0[1]) },
      row("maximum.\(kind)") { try $0[0].maximum($0[1]) },
      row("minimum.\(kind)") { try $0[0].minimum($0[1]) },
      row("bitwise_and.\(kind)") { try $0[0].bitwiseAnd($0[1]) },
      row("bitwise_or.\(kind)") { try $0[0].bitwiseOr($0[1]) },
      row("bitwise_xor.\(kind)") { try $0[0].bitwiseXor($0[1]) },
      row("bitwise_not.\(kind)") { try $0[0].bitwiseNot() },
      row("pow.\(kind)") { try $0[0].power($0[1]) },
      row("shift_left.\(kind)") { try $0[0].shiftedLeft(by: $0[1]) },
      row("shift_right.\(kind)") { try $0[0].shiftedRight(by: $0[1]) },
      row("neg.\(kind)") { try -$0[0] },
      row("abs.\(kind)") { try $0[0].abs() },
      row("sign.\(kind)") { try $0[0].sign() },
      row("square.\(kind)") { try $0[0].square() },
      row("relu.\(kind)") { try $0[0].relu() },
    ]
  }

  private static let arithmetic: [OperationRow] =
    [
      "same", "channel", "batch_channel", "pixel", "row", "scalar", "both", "matrix", "many_pixels",
      "lower_rank",
    ]
    .flatMap { shape in
      [
        row("add.\(shape)") { try $0[0] + $0[1] },
        row("mul.\(shape)") { try $0[0] * $0[1] },
      ]
    }
    + ["same", "channel", "both"].flatMap { shape in
      [
        row("sub.\(shape)") { try $0[0] - $0[1] },
        row("div.\(shape)") { try $0[0] / $0[1] },
        row("maximum.\(shape)") { try $0[0].maximum($0[1]) },
        row("minimum.\(shape)") { try $0[0].minimum($0[1]) },
        row("pow.\(shape)") { try $0[0].power($0[1]) },
      ]
    } + [
      // At ties and at the edge of where a power is defined, slopes from both sides differ.
      row("maximum.tied", checksFiniteDifferences: false) { try $0[0].maximum($0[1]) },
      row("minimum.tied", checksFiniteDifferences: false) { try $0[0].minimum($0[1]) },
      row("pow.zeros", checksFiniteDifferences: false) { try $0[0].power($0[1]) },
      row("mul.self") { try $0[0] * $0[0] },
      row("where.same") { try Tensor.select($0[0], $0[1], $0[2]) },
      row("where.broadcast") { try Tensor.select($0[0], $0[1], $0[2]) },
    ]

  private static let comparisons: [OperationRow] = [
    row("eq") { try $0[0].equal(to: $0[1]) },
    row("ne") { try $0[0].notEqual(to: $0[1]) },
    row("lt") { try $0[0].less(than: $0[1]) },
    row("le") { try $0[0].lessOrEqual(to: $0[1]) },
    row("gt") { try $0[0].greater(than: $0[1]) },
    row("ge") { try $0[0].greaterOrEqual(to: $0[1]) },
    row("logical_and") { try $0[0].and($0[1]) },
    row("logical_or") { try $0[0].or($0[1]) },
    row("logical_xor") { try $0[0].xor($0[1]) },
    row("logical_not") { try $0[0].not() },
    row("gt_number") { try $0[0].greater(than: 1) },
    row("integers") { try ($0[0] + $0[1]) * $0[0] - $0[1] },
  ]

  private static let casts: [OperationRow] = [
    row("cast.int64") { try $0[0].cast(to: .int64) },
    row("cast.int32") { try $0[0].cast(to: .int32) },
    row("cast.uint8") { try $0[0].cast(to: .uint8) },
    row("cast.bool") { try $0[0].cast(to: .bool) },
    row("cast.from_int64") { try $0[0].cast(to: .float32) },
    row("cast.from_uint8") { try $0[0].cast(to: .float32) },
    row("cast.from_bool") { try $0[0].cast(to: .float32) },
    row("cast.narrow") { try $0[0].cast(to: .uint8) },
    // In the check by finite differences it goes through single precision, which small differences do not survive.
    row("cast.there_and_back", checksFiniteDifferences: false) { x in
      let wide = try x[0].cast(to: x[0].scalar == .float32 ? .float64 : .float32)
      return try (wide * 2).cast(to: x[0].scalar)
    },
  ]
}
