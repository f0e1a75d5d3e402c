import MartletKernels

/// Lets convolutions with constant weights multiply in bfloat16 where that is faster: by whatever algorithm is fastest
/// then. Others keep float32, among them the first layer of a network, whose images have too few channels, and depthwise
/// ones.
///
/// Winograd's F(4×4) is not among what is chosen from: it multiplies the rounding of its operands too much.
public struct RoundConvolutions: GraphPass {
  public var name: String { "round-convolutions" }
  public init() {}

  private static let algorithms: [ConvolutionAlgorithm] = [.direct, .winograd(.two)]

  public func rewrite(_ graph: Graph) -> Graph {
    let constants = graph.constantValues()
    var result = graph
    result.nodes = []
    for node in graph.nodes {
      guard let rounding = Rounding(node, in: graph), constants.contains(rounding.weight) else {
        result.nodes.append(node)
        continue
      }
      let value = result.addValue(rounding.prepare.preparedType)
      result.nodes.append(
        Graph.Node(
          operation: rounding.prepare, inputs: [rounding.weight], outputs: [value], scope: node.scope))
      var run = node
      run.operation = rounding.run
      run.inputs[rounding.weightPosition] = value
      result.nodes.append(run)
    }
    return result
  }

  /// What a node becomes.
  private struct Rounding {
    var prepare: RoundWeight
    var run: any Operation
    var weight: ValueID
    var weightPosition: Int

    /// `nil` where it is better left as it is.
    init?(_ node: Graph.Node, in graph: Graph) {
      switch node.operation {
      case let convolution as ConvolutionOperation: self.init(node, convolution, .plain, false, graph)
      case let convolution as TransposedConvolutionOperation:
        self.init(node, convolution, .plain, false, graph)
      case let fused as FusedConvolution where fused.statisticsEpsilon == nil:
        self.init(node, fused.convolution, fused.input, fused.addsLast, graph)
      default: return nil
      }
    }

    private init?<Convolution: AlgorithmicConvolution & RectifyingConvolution>(
      _ node: Graph.Node, _ convolution: Convolution, _ input: ConvolutionInput, _ addsLast: Bool,
      _ graph: Graph
    ) {
      let position = input.valueCount
      let inputs = node.inputs.map(graph.type(of:))
      let outputs = node.outputs.map(graph.type(of:))
      guard inputs[0].scalar == .float32, input.parts.allSatisfy({ $0 == .plain }) else { return nil }
      let shape = convolution.shape(
        inputs: [input.joinedType(ofChecked: inputs), inputs[position]], outputs: outputs)
      let algorithms = RoundConvolutions.algorithms.filter(convolution.numerics.algorithms.contains)
      let candidates = algorithms.compactMap {
        BFloat16Convolution($0, convolution.part, shape)
      }
      guard
        let chosen = BFloat16Convolution.fastest(of: candidates, orExactly: convolution.algorithm)
      else { return nil }
      var rounded = BFloat16ConvolutionOperation(
        convolution: convolution, input: input, addsLast: addsLast, weight: inputs[position])
      rounded.convolution.algorithm = chosen.algorithm
      prepare = RoundWeight(inputs[position], chosen.weights)
      run = rounded
      weight = node.inputs[position]
      weightPosition = position
    }
  }
}
