/// Lets a convolution apply the ReLU that follows it in its output stage: a pass over memory less, and one tensor less.
public struct FuseConvolutionActivation: GraphPass {
  public var name: String { "fuse-convolution-activation" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let readers = graph.readers()
    let results = Set(graph.outputs)
    var result = graph
    var replacement: [ValueID: ValueID] = [:]
    var fused: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard (node.operation as? UnaryOperation)?.function == .relu, let producer = producers[node.inputs[0]],
        var convolution = graph.nodes[producer].operation as? any RectifyingConvolution,
        !convolution.rectifies, !results.contains(node.inputs[0]),
        // Besides the ReLU only its gradient may read what it reads: that gradient looks at signs, which stay.
        readers[node.inputs[0].index].allSatisfy({ reader in
          reader == index
            || (graph.nodes[reader].operation as? UnaryGradientOperation)?.function == .relu
              && graph.nodes[reader].inputs[0] == node.inputs[0]
              && graph.nodes[reader].inputs[1] != node.inputs[0]
        })
      else { continue }
      convolution.rectifies = true
      result.nodes[producer].operation = convolution
      replacement[node.outputs[0]] = node.inputs[0]
      fused.insert(index)
    }
    return result.removing(fused).reading(replacement)
  }
}

/// A convolution that can replace negative results by zero as it writes them.
protocol RectifyingConvolution: Operation {
  var rectifies: Bool { get set }
}
