/// A plan as a person reads it: what runs, in order, how, and where its results lie.
public struct PlanListing: Sendable {
  /// One node.
  public struct Row: Sendable {
    /// The operation's name and what was chosen for it.
    public var operation: String
    /// The layer that recorded it, or that it is the gradient of.
    public var layer: String
    /// The outputs' types.
    public var outputs: [TensorType]
    /// Where output 0 lies: `arena 12.5 MB`, `state` for a leaf, `result`; empty where there is no output.
    public var place: String
    /// Scratch memory while it runs, in bytes.
    public var workspaceByteCount: Int
    /// Bytes of the arena that are in use while it runs, scratch included.
    public var usedByteCount: Int
  }

  /// One a node, in the order in which they run.
  public var rows: [Row]
  /// The passes that made it, in order.
  public var passes: [String]
  /// As ``Plan/arenaByteCount``.
  public var arenaByteCount: Int

  init(_ plan: Plan, passes: [String], layer: (Graph.Node) -> String) {
    let (graph, memory) = (plan.graph, plan.memory)
    rows = graph.nodes.enumerated().map { step, node in
      let place =
        switch node.outputs.first.map({ memory.places[$0.index] }) {
        case nil: ""
        case .leaf: "state"
        case .result: "result"
        case .arena(let offset): "arena \(megabytes(offset))"
        }
      return Row(
        operation: [node.operation.name, node.operation.detail].filter { !$0.isEmpty }.joined(separator: " "),
        layer: layer(node), outputs: node.outputs.map(graph.type(of:)), place: place,
        workspaceByteCount: node.operation.workspaceByteCount(
          inputs: node.inputs.map(graph.type(of:)), outputs: node.outputs.map(graph.type(of:))),
        usedByteCount: memory.blocks.reduce(0) { $1.steps.contains(step) ? $0 + $1.byteCount : $0 })
    }
    self.passes = passes
    arenaByteCount = memory.arenaByteCount
  }
}

extension PlanListing: CustomStringConvertible {
  public var description: String {
    let header = ["step", "operation", "layer", "output", "place", "scratch", "in use"]
    let cells = rows.enumerated().map { step, row in
      [
        "\(step + 1)", row.operation, row.layer, row.outputs.first.map { "\($0)" } ?? "–", row.place,
        row.workspaceByteCount == 0 ? "" : megabytes(row.workspaceByteCount), megabytes(row.usedByteCount),
      ]
    }
    let widths = header.indices.map { column in ([header] + cells).map { $0[column].count }.max() ?? 0 }
    let lines = ([header] + cells).map { line in
      zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }
    return (["passes: " + passes.joined(separator: ", ")] + lines + ["arena: \(megabytes(arenaByteCount))"])
      .joined(separator: "\n")
  }
}

private func megabytes(_ byteCount: Int) -> String {
  let tenths = (byteCount + 50_000) / 100_000
  return "\(tenths / 10).\(tenths % 10) MB"
}

extension Function {
  /// What runs when the function is called.
  ///
  /// - Parameter names: Names of modules, as ``Module/namesByIdentity`` gives them.
  public func listing(names: [ObjectIdentifier: String] = [:]) -> PlanListing {
    PlanListing(plan, passes: passNames) { self.scopeNames(of: $0, names: names).last ?? "" }
  }
}
