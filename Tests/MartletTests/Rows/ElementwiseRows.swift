import Martlet

extension OperationRow {
  static let elementwise: [OperationRow] = unary + arithmetic + comparisons + casts

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
    row("power_square") { try $0[0].power(2) },
    row("power_root") { try $0[0].power(0.5) },
    row("power_cube") { try $0[0].power(3) },
    row("power_fraction") { try $0[0].power(-1.7) },
    row("power_zero") { try $0[0].power(0) },
    row("scalars") { try 2.5 - (3 * $0[0] + 0.75) / 1.3 },
    row("over") { try 2.5 / $0[0] },
  ]

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
