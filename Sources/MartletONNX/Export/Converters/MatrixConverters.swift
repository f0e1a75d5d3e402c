import Martlet

extension OperationConverter {
  static let matrix: [OperationConverter] = [OperationConverter(MatMulOperation.self, matMul)]

  private static func matMul(
    _ attributes: RecordedAttributes<MatMulOperation>, _ node: NodeContext
  ) throws -> [String] {
    let flips = [try attributes.fixed(\.transposesA), try attributes.fixed(\.transposesB)]
    if node.inputRank() == 2, node.inputRank(1) == 2 {
      return [node.node("Gemm", [.int("transA", flips[0] ? 1 : 0), .int("transB", flips[1] ? 1 : 0)])]
    }
    let operands = (0..<2).map { operand in
      var axes = Array(0..<node.inputRank(operand))
      if flips[operand] { axes.swapAt(axes.count - 2, axes.count - 1) }
      return node.transposed(node.inputs[operand], axes)
    }
    let product = node.node("MatMul", operands)
    return [node.inputs.count > 2 ? node.node("Add", [product, node.inputs[2]]) : product]
  }
}
