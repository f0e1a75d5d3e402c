/// Lets convolutions read the tensors that were to be joined for them, and nothing is joined: no copy, and no memory
/// for it.
public struct FuseConcatenation: GraphPass {
  public var name: String { "fuse-concatenation" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    var result = graph
    for index in graph.nodes.indices {
      result.nodes[index] = result.nodes[index].readingParts(in: graph) { value in
        guard let producer = producers[value],
          graph.nodes[producer].operation as? Concatenate == Concatenate(axis: 1)
        else { return nil }
        return graph.nodes[producer].inputs.map { (.plain, [$0]) }
      }
    }
    return result
  }
}
