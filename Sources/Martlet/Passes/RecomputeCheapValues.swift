/// Computes a value again where it is needed much later, instead of keeping it in memory meanwhile.
///
/// In a training step an activation is read by the next layer and then, long afterwards, by the backward pass. Where
/// one pass over something that is kept anyway gives it again (normalise and clip what the convolution left), the
/// memory is worth more than the pass.
public struct RecomputeCheapValues: GraphPass {
  public var name: String { "recompute" }

  /// Values smaller than this are kept.
  public var minimumByteCount = 64 << 10
  /// How many nodes must run between two reads for the second to be a late one.
  public var minimumDistance = 6

  public init() {}

  public var key: String { "\(name) \(minimumByteCount) \(minimumDistance)" }

  /// A value that is computed again.
  private struct Clone {
    var recomputation: Recomputation
    var value: ValueID
    var copy: ValueID
    var inputs: [ValueID]
    /// Of the node that it is computed by the first time.
    var scope: Int
  }

  public func rewrite(_ graph: Graph) -> Graph {
    let changes = graph.firstChanges()
    var reads = [[Int]](repeating: [], count: graph.types.count)
    for (step, node) in graph.nodes.enumerated() {
      for input in node.inputs { reads[input.index].append(step) }
    }
    for output in graph.outputs { reads[output.index].append(graph.nodes.count) }
    let leaves = Set(graph.leaves)

    // For each step, what is to be computed again just before it.
    var clones: [Int: [Clone]] = [:]
    var result = graph
    for (step, node) in graph.nodes.enumerated() {
      for (position, value) in node.outputs.enumerated() {
        guard graph.type(of: value).byteCount >= minimumByteCount, !graph.outputs.contains(value),
          let recomputation = node.operation.recomputation(
            ofOutput: position, inputs: node.inputs.map(graph.type(of:)))
        else { continue }
        let steps = [step] + reads[value.index]
        guard let gap = zip(steps, steps.dropFirst()).map({ ($1 - $0, $1) }).max(by: { $0.0 < $1.0 }),
          gap.0 >= minimumDistance, gap.1 < graph.nodes.count
        else { continue }
        let late = gap.1
        let sources = recomputation.arguments.map { argument in
          switch argument {
          case .input(let index): node.inputs[index]
          case .output(let index): node.outputs[index]
          }
        }
        // Worth it when what it is computed from is there at that time anyway, or is small.
        let isThere = sources.allSatisfy { source in
          changes[source] ?? .max >= late
            && (leaves.contains(source) || (reads[source.index].last ?? -1) >= late
              || graph.type(of: source).byteCount * 64 <= graph.type(of: value).byteCount)
        }
        guard isThere else { continue }
        let copy = result.addValue(graph.type(of: value))
        clones[late, default: []].append(
          Clone(recomputation: recomputation, value: value, copy: copy, inputs: sources, scope: node.scope))
      }
    }

    var nodes: [Graph.Node] = []
    var current: [ValueID: ValueID] = [:]
    for (step, node) in graph.nodes.enumerated() {
      for clone in clones[step] ?? [] {
        nodes.append(
          Graph.Node(
            operation: clone.recomputation.operation, inputs: clone.inputs.map { current[$0] ?? $0 },
            outputs: [clone.copy], scope: clone.scope))
        current[clone.value] = clone.copy
      }
      var reading = node
      reading.inputs = node.inputs.map { current[$0] ?? $0 }
      nodes.append(reading)
    }
    result.nodes = nodes
    // What is first read late is computed there alone.
    return RemoveUnusedNodes().rewrite(result)
  }
}
