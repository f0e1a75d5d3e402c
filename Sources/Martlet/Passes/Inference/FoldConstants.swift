/// Moves what is made of constants alone to the graph's prelude, which runs once, and drops constants that nobody reads any
/// more.
public struct FoldConstants: GraphPass {
  public var name: String { "fold-constants" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let constants = graph.constantValues()
    var result = graph
    result.nodes = graph.nodes.filter { !$0.isConstant(given: constants) }
    result.prelude += graph.nodes.filter { $0.isConstant(given: constants) }
    let read = Set(result.nodes.flatMap(\.inputs) + graph.outputs)

    let made = result.prelude.flatMap(\.outputs).filter { read.contains($0) && !graph.constants.contains($0) }
    result.leaves.removeAll { graph.constants.contains($0) && !read.contains($0) }
    result.leaves += made
    result.constants = graph.constants.intersection(read).union(made)

    var wanted = Set(made)
    result.prelude = result.prelude.reversed().filter { node in
      guard node.outputs.contains(where: wanted.contains) else { return false }
      wanted.formUnion(node.inputs)
      return true
    }.reversed()
    return result
  }
}
