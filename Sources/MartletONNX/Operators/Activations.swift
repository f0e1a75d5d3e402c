import Martlet

extension OperatorTable {
  /// Functions of every element by itself that stand behind a layer.
  static let activations: [OperatorDefinition] = [
    .unary("Relu") { try $0.relu() },
    withNumber("LeakyRelu", "alpha", 0.01) { try $0.leakyReLU(slope: $1) },
    withNumber("ThresholdedRelu", from: 10, "alpha", 1) { try $0.thresholdedReLU(threshold: $1) },
    OperatorDefinition("PRelu", inputs: 2...2) { _ in
      { inputs in
        let (x, slope) = (try inputs[0], try inputs[1])
        let result = try x.parametricReLU(slope: slope)
        try require(
          result.shape == x.shape, "prelu",
          "expected slopes that broadcast to \(x.type), got \(slope.type)")
        return [result]
      }
    },
    withNumber("Elu", "alpha", 1) { try $0.elu(slope: $1) },
    withNumber("Celu", from: 12, "alpha", 1) { try $0.celu(width: $1) },
    OperatorDefinition("Selu") { node in
      let slope = try node.number("alpha", default: 1.67326319217681884765625)
      let scale = try node.number("gamma", default: 1.05070102214813232421875)
      return { [try $0[0].selu(slope: slope, scale: scale)] }
    },
    OperatorDefinition("Gelu", from: 20) { node in
      enum Approximation: String, CaseIterable { case none, tanh }
      let approximation = try node.word("approximate", default: Approximation.none)
      return { [try $0[0].gelu(approximation: approximation == .tanh ? .tanh : .none)] }
    },
    .unary("Mish", from: 18) { try $0.mish() },
    withNumber("Swish", from: 24, "alpha", 1) { x, alpha in
      try alpha == 1 ? x.silu() : x * (x * alpha).sigmoid()
    },
    .unary("Softplus") { try $0.softplus() },
    .unary("Softsign") { try $0.softsign() },
    .unary("Sigmoid") { try $0.sigmoid() },
    .unary("Tanh") { try $0.tanh() },
    .unary("HardSwish", from: 14) { try $0.hardSwish() },
    OperatorDefinition("HardSigmoid") { node in
      let slope = try node.number("alpha", default: 0.2)
      let offset = try node.number("beta", default: 0.5)
      return { [try $0[0].hardSigmoid(slope: slope, offset: offset)] }
    },
    OperatorDefinition("Shrink", from: 9) { node in
      let offset = try node.number("bias", default: 0)
      let threshold = try node.number("lambd", default: 0.5)
      return { [try $0[0].shrink(threshold: threshold, offset: offset)] }
    },
  ]

  /// A function of a tensor and a number, which is an attribute.
  private static func withNumber(
    _ name: String, from first: Int = OperatorSets.understood.lowerBound, _ attribute: String,
    _ value: Double,
    _ function: @escaping @Sendable (Tensor, Double) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name, from: first) { node in
      let number = try node.number(attribute, default: value)
      return { [try function($0[0], number)] }
    }
  }
}
