/// A rewriting of a graph that keeps what it computes.
public protocol GraphPass: Sendable {
  /// The name by which the pass is shown and switched off.
  var name: String { get }
  /// What tells the pass from others, its settings included: passes with equal keys rewrite a graph alike.
  var key: String { get }
  /// The graph rewritten. Its nodes are again in an order in which they can run.
  func rewrite(_ graph: Graph) -> Graph
  /// Called before a graph is rewritten.
  ///
  /// - Throws: ``MartletError`` when the pass was made for another graph.
  func check(_ graph: Graph) throws
}

extension GraphPass {
  /// For a pass without settings.
  public var key: String { name }
  public func check(_ graph: Graph) throws {}
}

/// What a ``Function`` applies unless told otherwise, in order.
public let defaultPasses: [any GraphPass] = [
  MergeEqualNodes(), CoalesceRowGradients(), FuseBatchNormActivation(), FuseConvolutionActivation(),
  ChooseConvolutionAlgorithms(),
  SplitBatchNorm(), GatherStatistics(), FuseConcatenation(), FuseNormalization(), FuseSlices(),
  RemoveUnusedNodes(),
  RecomputeCheapValues(),
]

extension [any GraphPass] {
  /// The passes that are left when some are switched off.
  ///
  /// - Throws: ``MartletError`` that names the passes there are, when there is none of a name.
  public func without(_ names: [String]) throws -> [any GraphPass] {
    let known = map(\.name)
    for name in names {
      try require(
        known.contains(name), "passes", "expected \(known.joined(separator: ", ")), got \(name)")
    }
    return filter { !names.contains($0.name) }
  }
}

extension Graph {
  /// - Throws: ``MartletError`` from a pass that was made for another graph.
  func rewritten(by passes: some Sequence<any GraphPass>) throws -> Graph {
    try passes.reduce(self) {
      try $1.check($0)
      return $1.rewrite($0)
    }
  }

  /// The graph with values read under other names: `replacement[v]` instead of `v`.
  func reading(_ replacement: [ValueID: ValueID]) -> Graph {
    func current(_ value: ValueID) -> ValueID {
      var value = value
      while let next = replacement[value] { value = next }
      return value
    }
    var graph = self
    for index in graph.nodes.indices { graph.nodes[index].inputs = graph.nodes[index].inputs.map(current) }
    graph.outputs = graph.outputs.map(current)
    return graph
  }

  /// For each value, the indices of the nodes that read it, a node once for each time.
  func readers() -> [[Int]] {
    var readers = [[Int]](repeating: [], count: types.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { readers[input.index].append(index) }
    }
    return readers
  }

  /// For each value that a node makes, the node's index.
  func producers() -> [ValueID: Int] {
    var producers: [ValueID: Int] = [:]
    for (index, node) in nodes.enumerated() { for output in node.outputs { producers[output] = index } }
    return producers
  }

  /// For each leaf that some node changes, and each view of it, the first such node's index.
  func firstChanges() -> [ValueID: Int] {
    var viewed: [ValueID: ValueID] = [:]
    var changes: [ValueID: Int] = [:]
    for (step, node) in nodes.enumerated() {
      if let input = node.operation.viewedInput {
        viewed[node.outputs[0]] = viewed[node.inputs[input]] ?? node.inputs[input]
      }
      for index in node.operation.mutatedInputs {
        let changed = viewed[node.inputs[index]] ?? node.inputs[index]
        changes[changed] = changes[changed] ?? step
      }
    }
    for (view, value) in viewed { changes[view] = changes[value] }
    return changes
  }

  /// The graph without some nodes.
  func removing(_ indices: Set<Int>) -> Graph {
    var graph = self
    graph.nodes = nodes.indices.filter { !indices.contains($0) }.map { nodes[$0] }
    return graph
  }
}
