import MartletKernels

/// Lets convolutions read the tensors that were to be joined for them, and nothing is joined: no copy, and no memory
/// for it.
public struct FuseConcatenation: GraphPass {
  public var name: String { "fuse-concatenation" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let changes = graph.firstChanges()
    func joined(_ value: ValueID) -> [ValueID]? {
      guard let producer = producers[value],
        graph.nodes[producer].operation as? Concatenate == Concatenate(axis: 1)
      else { return nil }
      return graph.nodes[producer].inputs
    }
    /// What a value was joined of, taken apart as far as parts can be read wherever they stand.
    func parts(of value: ValueID) -> [ValueID] {
      guard let inputs = joined(value),
        inputs.allSatisfy({ graph.type(of: $0).shape[1] % convolutionPartAlignment == 0 })
      else { return [value] }
      return inputs.flatMap(parts(of:))
    }
    var result = graph
    for index in graph.nodes.indices {
      result.nodes[index] = result.nodes[index].readingParts(in: graph) { value in
        guard let parts = joined(value)?.flatMap(parts(of:)),
          // What was joined may have changed when it is read as late as this.
          parts.allSatisfy({ changes[$0] ?? .max > index })
        else { return nil }
        return parts.map { (.plain, [$0]) }
      }
    }
    return result
  }
}
