/// Drops nodes whose outputs nobody reads and that change no state.
public struct RemoveUnusedNodes: GraphPass {
  public var name: String { "remove-unused" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    var isRead = [Bool](repeating: false, count: graph.types.count)
    for output in graph.outputs { isRead[output.index] = true }
    var kept: [Graph.Node] = []
    for node in graph.nodes.reversed() {
      guard !node.operation.mutatedInputs.isEmpty || node.outputs.contains(where: { isRead[$0.index] }) else {
        continue
      }
      for input in node.inputs { isRead[input.index] = true }
      kept.append(node)
    }
    var result = graph
    result.nodes = kept.reversed()
    return result
  }
}
