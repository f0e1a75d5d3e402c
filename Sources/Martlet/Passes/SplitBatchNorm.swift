/// Takes batch normalisation in training apart, into statistics and what is made with them, so that neighbours can take
/// over either.
public struct SplitBatchNorm: GraphPass {
  public var name: String { "split-batch-norm" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    var result = graph
    result.nodes = graph.nodes.flatMap { node -> [Graph.Node] in
      guard let training = node.operation as? BatchNormTraining else { return [node] }
      var (statistics, apply) = (node, node)
      statistics.operation = BatchNormStatistics(epsilon: training.epsilon)
      statistics.inputs = [node.inputs[0]]
      statistics.outputs = Array(node.outputs[1...])
      apply.operation = BatchNormApply(activation: training.activation)
      apply.inputs = [node.inputs[0], node.outputs[1], node.outputs[3], node.inputs[1], node.inputs[2]]
      apply.outputs = [node.outputs[0]]
      return [statistics, apply]
    }
    return result
  }
}
