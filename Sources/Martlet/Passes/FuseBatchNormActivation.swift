/// Lets batch normalisation apply the ReLU that follows it, and its gradient the ReLU's: a pass over memory less each
/// way, and no normalised tensor beside the rectified one.
public struct FuseBatchNormActivation: GraphPass {
  public var name: String { "fuse-batch-norm-activation" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let readers = graph.readers()
    let results = Set(graph.outputs)

    /// The only node that reads a value; `nil` when there are several or it is a result.
    func onlyReader(of value: ValueID) -> Int? {
      readers[value.index].count == 1 && !results.contains(value) ? readers[value.index][0] : nil
    }

    var result = graph
    var replacement: [ValueID: ValueID] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard (node.operation as? UnaryOperation)?.function == .relu, let producer = producers[node.inputs[0]],
        // Statistics are outputs too.
        graph.nodes[producer].outputs[0] == node.inputs[0],
        let rectifying = Self.rectifying(graph.nodes[producer].operation)
      else { continue }
      let normalized = node.inputs[0]
      let rectified = node.outputs[0]
      // The ReLU's gradients: each must go into the normalisation's gradient and nowhere else. Nothing but they and
      // the ReLU may read the normalised values, which will be no more.
      let slopes = Set(readers[normalized.index] + readers[rectified.index]).filter {
        let other = graph.nodes[$0]
        return (other.operation as? UnaryGradientOperation)?.function == .relu
          && [normalized, rectified].contains(other.inputs[0])
      }
      guard !results.contains(normalized),
        readers[normalized.index].allSatisfy({
          $0 == index || slopes.contains($0) && graph.nodes[$0].inputs[1] != normalized
        })
      else { continue }
      let backwards = slopes.map { slope -> (slope: Int, backward: Int)? in
        guard let reader = onlyReader(of: graph.nodes[slope].outputs[0]) else { return nil }
        let backward = graph.nodes[reader]
        let isOurs =
          (backward.operation as? BatchNormBackward)?.activation == NormalizationActivation.none
          && backward.inputs.last == graph.nodes[slope].outputs[0]
          && producers[backward.inputs[1]] == producer
        return isOurs ? (slope, reader) : nil
      }
      guard !backwards.contains(where: { $0 == nil }) else { continue }

      result.nodes[producer].operation = rectifying
      replacement[rectified] = normalized
      for case (let slope, let backward)? in backwards {
        result.nodes[backward].operation = BatchNormBackward(activation: .relu)
        replacement[graph.nodes[slope].outputs[0]] = graph.nodes[slope].inputs[1]
      }
    }
    let fused = Set(replacement.keys)
    result.nodes.removeAll { node in node.outputs.contains(where: fused.contains) }
    return result.reading(replacement)
  }

  private static func rectifying(_ operation: any Operation) -> (any Operation)? {
    if let training = operation as? BatchNormTraining, training.activation == .none {
      return BatchNormTraining(epsilon: training.epsilon, activation: .relu)
    }
    if let inference = operation as? BatchNormInference, inference.activation == .none {
      return BatchNormInference(epsilon: inference.epsilon, activation: .relu)
    }
    return nil
  }
}
