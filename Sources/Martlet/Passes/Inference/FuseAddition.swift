/// Lets a convolution add another tensor to its result as it writes it, such as what goes past a residual block: a pass over
/// memory less, and a tensor less.
public struct FuseAddition: GraphPass {
  public var name: String { "fuse-addition" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let uses = graph.useCounts()
    var result = graph
    // Convolutions that were given a sum, which they then make in its place.
    var moved: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard (node.operation as? BinaryOperation)?.function == .add,
        node.inputs.allSatisfy({ graph.type(of: $0) == graph.type(of: node.outputs[0]) })
      else { continue }
      // Of two convolutions the later one takes the sum.
      let candidates = [0, 1].compactMap { term -> (producer: Int, term: Int)? in
        guard let producer = producers[node.inputs[term]], uses[node.inputs[term].index] == 1,
          !moved.contains(producer), Self.canAdd(graph.nodes[producer], graph)
        else { return nil }
        return (producer, term)
      }
      guard let (producer, term) = candidates.max(by: { $0.producer < $1.producer }),
        let convolution = graph.nodes[producer].operation as? ConvolutionOperation
      else { continue }
      var fused = FusedConvolution(convolution)
      fused.addsLast = true
      result.nodes[index].operation = fused
      result.nodes[index].inputs = graph.nodes[producer].inputs + [node.inputs[1 - term]]
      result.nodes[index].scope = graph.nodes[producer].scope
      moved.insert(producer)
    }
    return result.removing(moved)
  }

  private static func canAdd(_ node: Graph.Node, _ graph: Graph) -> Bool {
    guard let convolution = node.operation as? ConvolutionOperation, !convolution.rectifies else {
      return false
    }
    return convolution.algorithm.supportsAddend(
      convolution.shape(
        inputs: node.inputs.map(graph.type(of:)), outputs: node.outputs.map(graph.type(of:))))
  }
}
