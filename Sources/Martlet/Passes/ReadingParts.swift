extension Graph.Node {
  /// The node with parts of its input in place of what they would be made into, where it is a convolution that can read
  /// them; otherwise the node as it is.
  ///
  /// - Parameter parts: The parts, with their values, to read in place of a value; `nil` to go on reading the value.
  func readingParts(
    in graph: Graph, _ parts: (ValueID) -> [(part: ConvolutionInput.Part, values: [ValueID])]?
  ) -> Graph.Node {
    guard var fusing = inputFusing else { return self }
    var next: [(part: ConvolutionInput.Part, values: [ValueID])] = []
    var isChanged = false
    for (part, positions) in fusing.input.ranges {
      let values = Array(inputs[positions])
      if part == .plain, graph.type(of: values[0]).scalar == .float32, let replacement = parts(values[0]) {
        next += replacement
        isChanged = true
      } else {
        next.append((part, values))
      }
    }
    guard isChanged, ConvolutionInput.canJoin(next.map { graph.type(of: $0.values[0]).shape[1] }) else {
      return self
    }
    var node = self
    node.inputs = next.flatMap(\.values) + inputs[fusing.input.valueCount...]
    fusing.input.parts = next.map(\.part)
    node.operation = fusing
    return node
  }

  private var inputFusing: (any InputFusing)? {
    switch operation {
    case let fusing as any InputFusing: fusing.readsParts ? fusing : nil
    case let convolution as ConvolutionOperation:
      convolution.algorithm.readsParts ? FusedConvolution(convolution) : nil
    case let gradient as ConvolutionWeightGradient: FusedWeightGradient(gradient)
    default: nil
    }
  }
}
