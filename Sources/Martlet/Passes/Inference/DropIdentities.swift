/// Drops operations that give their input back, as imported models have them.
public struct DropIdentities: GraphPass {
  public var name: String { "drop-identities" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    var replacement: [ValueID: ValueID] = [:]
    var dropped: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      let inputs = node.inputs.map(graph.type(of:))
      let outputs = node.outputs.map(graph.type(of:))
      guard outputs.count == 1, inputs.first == outputs[0],
        node.operation.isIdentity(inputs: inputs, outputs: outputs)
      else { continue }
      replacement[node.outputs[0]] = node.inputs[0]
      dropped.insert(index)
    }
    return graph.removing(dropped).reading(replacement)
  }
}
