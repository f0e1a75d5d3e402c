/// Takes operations that read a constant apart into what depends on that alone and the rest: see
/// ``Operation/preparation(inputs:outputs:)``.
public struct PrepareConstants: GraphPass {
  public var name: String { "prepare-constants" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let constants = graph.constantValues()
    var result = graph
    result.nodes = []
    for node in graph.nodes {
      let inputTypes = node.inputs.map(graph.type(of:))
      guard
        let preparation = node.operation.preparation(
          inputs: inputTypes, outputs: node.outputs.map(graph.type(of:))),
        constants.contains(node.inputs[preparation.input]), !node.isConstant(given: constants),
        let prepared = try? preparation.prepare.inferOutputs([inputTypes[preparation.input]])
      else {
        result.nodes.append(node)
        continue
      }
      let value = result.addValue(prepared[0])
      result.nodes.append(
        Graph.Node(
          operation: preparation.prepare, inputs: [node.inputs[preparation.input]], outputs: [value],
          scope: node.scope))
      var run = node
      run.operation = preparation.run
      run.inputs[preparation.input] = value
      result.nodes.append(run)
    }
    return result
  }
}
