import Martlet

extension OperatorTable {
  /// Operators that are sums of products.
  static let products: [OperatorDefinition] = [
    OperatorDefinition("MatMul", inputs: 2...2, limits: "floating point") { _ in
      { inputs in [try inputs[0].matmul(inputs[1])] }
    },
    OperatorDefinition("Gemm", inputs: 2...3, limits: "floating point") { node in
      let alpha = try node.number("alpha", default: 1)
      let beta = try node.number("beta", default: 1)
      let (transposesA, transposesB) = (try node.flag("transA"), try node.flag("transB"))
      return { inputs in
        [
          try inputs[0].gemm(
            inputs[1], adding: inputs.optional(2), alpha: alpha, beta: beta, transposesA: transposesA,
            transposesB: transposesB)
        ]
      }
    },
    OperatorDefinition(
      "Einsum", from: 12, inputs: OperatorDefinition.many, limits: "floating point"
    ) { node in
      guard let equation = try node.text("equation") else {
        throw MartletError("onnx", "expected attribute equation, got none")
      }
      let einsum = try EinsteinSum(equation)
      return { inputs in [try einsum(inputs.all)] }
    },
  ]
}
