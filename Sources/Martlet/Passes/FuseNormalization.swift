/// Lets convolutions normalise what they read, and rectify it: where they are the only readers, the normalised tensor
/// is never written, nor kept or made again for the backward pass.
public struct FuseNormalization: GraphPass {
  public var name: String { "fuse-normalization" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let changes = graph.firstChanges()
    var result = graph
    for index in graph.nodes.indices {
      result.nodes[index] = result.nodes[index].readingParts(in: graph) { value in
        guard let producer = producers[value], let apply = graph.nodes[producer].operation as? BatchNormApply,
          // What is normalised with may be changed by an optimizer before it is read this late.
          graph.nodes[producer].inputs.allSatisfy({ changes[$0] ?? .max > index })
        else { return nil }
        return [(.normalized(apply.activation), graph.nodes[producer].inputs)]
      }
    }
    return result
  }
}
