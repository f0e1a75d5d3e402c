/// Lets a convolution gather the statistics of its output as it writes it: a pass over memory less.
public struct GatherStatistics: GraphPass {
  public var name: String { "gather-statistics" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    var result = graph
    var gathered: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard let statistics = node.operation as? BatchNormStatistics, let producer = producers[node.inputs[0]],
        let convolution = result.nodes[producer].operation as? ConvolutionOperation, !convolution.rectifies,
        graph.type(of: node.inputs[0]).elementCount > 0, convolution.algorithm.readsParts
      else { continue }
      var fused = FusedConvolution(convolution)
      fused.statisticsEpsilon = statistics.epsilon
      result.nodes[producer].operation = fused
      result.nodes[producer].outputs += node.outputs
      gathered.insert(index)
    }
    return result.removing(gathered)
  }
}
