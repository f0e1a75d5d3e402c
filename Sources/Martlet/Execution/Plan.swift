/// A graph made ready to run: passes applied, memory planned.
///
/// A plan can be run by many tasks at once; each run takes an arena of its own from ``ArenaPool``.
public final class Plan: Sendable {
  /// The graph that runs, after all passes.
  public let graph: Graph
  let memory: MemoryPlan
  /// Leaves that running changes, as indices into `graph.leaves`.
  private let mutatedLeaves: Set<Int>

  /// - Parameter graph: As recorded, or rewritten by passes.
  public init(_ graph: Graph) {
    self.graph = graph
    memory = MemoryPlan(graph)
    let changed = Set(graph.firstChanges().keys)
    mutatedLeaves = Set(graph.leaves.indices.filter { changed.contains(graph.leaves[$0]) })
  }

  /// Bytes that a run takes besides its leaves and its results: values and scratch, shared over time.
  public var arenaByteCount: Int { memory.arenaByteCount }

  /// Which leaves a run changes in place.
  func mutatesLeaf(_ index: Int) -> Bool { mutatedLeaves.contains(index) }

  /// Called after each node has run, with its outputs; throwing ends the run.
  typealias Observer = (_ node: Graph.Node, _ outputs: [Operand]) throws -> Void

  /// Runs the graph.
  ///
  /// - Parameter leaves: Memory for each leaf of the graph, in order.
  /// - Returns: A tensor for each of the graph's outputs.
  func run(leaves: [Storage], random: RandomState, observer: Observer? = nil) throws -> [Tensor] {
    precondition(leaves.count == graph.leaves.count, "a storage is needed for each leaf")
    let arena = try ArenaPool.shared.take(byteCount: memory.arenaByteCount)
    defer { ArenaPool.shared.giveBack(arena) }
    let results = try memory.resultByteCounts.map { try Storage(byteCount: $0) }

    func operand(_ value: ValueID) -> Operand {
      let address =
        switch memory.places[value.index] {
        case .leaf(let index): leaves[index].address
        case .result(let index): results[index].address
        case .arena(let offset): arena.address + offset
        }
      return Operand(type: graph.type(of: value), address: address)
    }

    for (step, node) in graph.nodes.enumerated() {
      let outputs = node.outputs.map(operand)
      if node.operation.viewedInput == nil {
        try node.operation.run(
          OperationCall(
            inputs: node.inputs.map(operand), outputs: outputs,
            workspace: arena.address + memory.workspaces[step], random: random))
      }
      try observer?(node, outputs)
    }
    withExtendedLifetime((leaves, arena)) {}

    return try graph.outputs.map { output in
      switch memory.places[output.index] {
      case .leaf(let index):
        // A result may outlive the leaf's next change.
        let storage = try mutatesLeaf(index) ? leaves[index].copy() : leaves[index]
        return Tensor(type: graph.type(of: output), content: .concrete(storage))
      case .result(let index): return Tensor(type: graph.type(of: output), content: .concrete(results[index]))
      case .arena: preconditionFailure("a result must not live in the arena")
      }
    }
  }
}
