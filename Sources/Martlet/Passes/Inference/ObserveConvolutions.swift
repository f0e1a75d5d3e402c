import MartletKernels

/// Adds to a graph's results the least and the largest element that each convolution with constant weights reads, those
/// left out whose input is never in memory as it is.
struct ObserveConvolutions: GraphPass {
  var name: String { "observe-convolutions" }

  func rewrite(_ graph: Graph) -> Graph {
    var result = graph
    func add(_ operation: any Operation, _ inputs: [ValueID], _ type: TensorType) -> ValueID {
      let value = result.addValue(type)
      result.nodes.append(Graph.Node(operation: operation, inputs: inputs, outputs: [value], scope: 0))
      return value
    }
    let scalar = TensorType([], .float32)
    for convolution in graph.roundableConvolutions where convolution.isObservable {
      let parts = graph.nodes[convolution.node].inputs[..<convolution.partCount]
      for (function, joined) in [
        (ReductionFunction.minimum, BinaryFunction.minimum), (.maximum, .maximum),
      ] {
        let extremes = parts.map {
          add(ReductionOperation(function: function, target: scalar, axes: [], scale: 1), [$0], scalar)
        }
        result.outputs.append(
          extremes.dropFirst().reduce(extremes[0]) {
            add(BinaryOperation(function: joined), [$0, $1], scalar)
          })
      }
    }
    return result
  }
}
