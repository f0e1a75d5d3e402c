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
      let product = MatMulOperation(
        transposesA: try node.flag("transA"), transposesB: try node.flag("transB"))
      return { inputs in
        let (a, b) = (try inputs[0], try inputs[1])
        try require(
          a.rank == 2 && b.rank == 2, "gemm", "expected two matrices, got \(a.type) and \(b.type)")
        let columns = b.shape[product.transposesB ? 0 : 1]
        let bias = inputs.optional(2)
        // A row that is added to all is the product's own bias.
        if let bias, alpha == 1, beta == 1, bias.shape == [columns] || bias.shape == [1, columns] {
          return try Tensor.apply(product, [a, b, bias.reshaped(to: [columns])])
        }
        var result = try Tensor.apply(product, [a, b])[0]
        if alpha != 1 { result = try result * alpha }
        if let bias { result = try result + (beta == 1 ? bias : bias * beta) }
        return [result]
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
