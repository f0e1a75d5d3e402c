/// Gives the work of a batch normalisation to the convolution before it, whose weight and bias become others: nothing is
/// left to do, once weights and statistics are constants.
public struct FoldBatchNorm: GraphPass {
  public var name: String { "fold-batch-norm" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let uses = graph.useCounts()
    let constants = graph.constantValues()
    var result = graph
    result.nodes = []
    // By the normalisation's index, what takes its place, where all that is read has been made; the convolutions that are
    // gone.
    var replacements: [Int: [Graph.Node]] = [:]
    var folded: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard let norm = node.operation as? BatchNormInference, let producer = producers[node.inputs[0]],
        uses[node.inputs[0].index] == 1, node.inputs[1...].allSatisfy(constants.contains),
        graph.nodes[producer].inputs[1...].allSatisfy(constants.contains),
        let fold = Self.folding(graph.nodes[producer].operation, norm.epsilon),
        var convolution = graph.nodes[producer].operation as? any RectifyingConvolution
      else { continue }
      let inputs = graph.nodes[producer].inputs
      let outputs = [
        result.addValue(graph.type(of: inputs[1])), result.addValue(graph.type(of: node.inputs[1])),
      ]
      convolution.rectifies = norm.activation == .relu
      replacements[index] = [
        Graph.Node(
          operation: fold, inputs: [inputs[1]] + node.inputs[1...] + inputs.dropFirst(2), outputs: outputs,
          scope: node.scope),
        Graph.Node(
          operation: convolution, inputs: [inputs[0]] + outputs, outputs: node.outputs,
          scope: graph.nodes[producer].scope),
      ]
      folded.insert(producer)
    }
    for (index, node) in graph.nodes.enumerated() where !folded.contains(index) {
      result.nodes += replacements[index] ?? [node]
    }
    return result
  }

  private static func folding(_ operation: any Operation, _ epsilon: Double) -> FoldedBatchNorm? {
    switch operation {
    case let convolution as ConvolutionOperation where !convolution.rectifies:
      FoldedBatchNorm(epsilon: epsilon, isTransposed: false, groups: convolution.options.groups)
    case let convolution as TransposedConvolutionOperation where !convolution.rectifies:
      FoldedBatchNorm(epsilon: epsilon, isTransposed: true, groups: convolution.options.groups)
    default: nil
    }
  }
}
