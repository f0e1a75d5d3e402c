/// Computes once what was recorded twice: nodes of equal operation and equal inputs.
public struct MergeEqualNodes: GraphPass {
  public var name: String { "merge-equal" }
  public init() {}

  private struct Key: Hashable {
    var operation: AnyHashable
    var inputs: [ValueID]
  }

  public func rewrite(_ graph: Graph) -> Graph {
    // A leaf that some node changes reads differently before and after, so what reads it stays apart.
    let changing = Set(graph.firstChanges().keys)
    var known: [Key: Graph.Node] = [:]
    var replacement: [ValueID: ValueID] = [:]
    var result = graph
    result.nodes = []
    for var node in graph.nodes {
      node.inputs = node.inputs.map { replacement[$0] ?? $0 }
      let key = Key(operation: AnyHashable(node.operation), inputs: node.inputs)
      if let earlier = known[key] {
        for (output, same) in zip(node.outputs, earlier.outputs) { replacement[output] = same }
        continue
      }
      if changing.isDisjoint(with: node.inputs) { known[key] = node }
      result.nodes.append(node)
    }
    return result.reading(replacement)
  }
}
