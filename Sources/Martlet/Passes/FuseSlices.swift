/// Lets a convolution's input gradient write channels to where they are wanted, in place of one tensor that is then cut
/// up: the way back of ``FuseConcatenation``.
public struct FuseSlices: GraphPass {
  public var name: String { "fuse-slices" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let readers = graph.readers()
    let results = Set(graph.outputs)
    var result = graph
    var fused: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard let gradient = node.operation as? TransposedConvolutionOperation,
        !results.contains(node.outputs[0]),
        let slices = channelSlices(of: node.outputs[0], readers[node.outputs[0].index], graph),
        let split = SplitInputGradient(
          gradient, channels: slices.map { graph.type(of: graph.nodes[$0].outputs[0]).shape[1] }),
        graph.type(of: node.outputs[0]).scalar == .float32
      else { continue }
      result.nodes[index].operation = split
      result.nodes[index].outputs = slices.map { graph.nodes[$0].outputs[0] }
      fused.formUnion(slices)
    }
    return result.removing(fused)
  }

  /// Slices that together are a value, cut along its channels, in order; `nil` if its readers are anything else.
  private func channelSlices(of value: ValueID, _ readers: [Int], _ graph: Graph) -> [Int]? {
    let shape = graph.type(of: value).shape
    var slices: [(node: Int, slice: Slice)] = []
    for reader in readers {
      guard let slice = graph.nodes[reader].operation as? Slice else { return nil }
      slices.append((reader, slice))
    }
    slices.sort { $0.slice.starts[1] < $1.slice.starts[1] }
    var next = 0
    for (_, slice) in slices {
      var whole = shape
      whole[1] = slice.counts[1]
      var starts = [Int](repeating: 0, count: shape.count)
      starts[1] = next
      guard slice.counts == whole, slice.starts == starts, slice.steps.allSatisfy({ $0 == 1 }) else {
        return nil
      }
      next += slice.counts[1]
    }
    return slices.count > 1 && next == shape[1] ? slices.map(\.node) : nil
  }
}
