/// Which values of a network shapes depend on. They must be known when the network is recorded, so what they are made
/// from are constants and not parameters.
struct ShapeDependence {
  private(set) var values: Set<String> = []

  init(_ nodes: [NodeDefinition]) {
    for node in nodes.reversed() {
      let definition = OperatorTable.all[node.type]
      let isKnown = node.outputs.contains(where: values.contains)
      for (index, input) in node.inputs.enumerated() where !input.isEmpty {
        let matters = isKnown && definition?.shapeOnly.contains(index) != true
        if matters || definition?.known.contains(index) == true { values.insert(input) }
      }
    }
  }
}
