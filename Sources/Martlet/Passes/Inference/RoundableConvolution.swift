import MartletKernels

/// A convolution of a graph whose weight is a constant: one that can be observed, and whose operands may be rounded.
struct RoundableConvolution {
  /// Its node's index.
  let node: Int
  private let convolution: any AlgorithmicConvolution & RectifyingConvolution
  private let input: ConvolutionInput
  private let addsLast: Bool
  private let inputs: [TensorType]
  private let outputs: [TensorType]

  fileprivate init?(_ index: Int, in graph: Graph, constants: Set<ValueID>) {
    let node = graph.nodes[index]
    switch node.operation {
    case let convolution as ConvolutionOperation:
      (self.convolution, input, addsLast) = (convolution, .plain, false)
    case let convolution as TransposedConvolutionOperation:
      (self.convolution, input, addsLast) = (convolution, .plain, false)
    case let fused as FusedConvolution where fused.statisticsEpsilon == nil:
      (convolution, input, addsLast) = (fused.convolution, fused.input, fused.addsLast)
    default: return nil
    }
    guard constants.contains(node.inputs[input.valueCount]) else { return nil }
    self.node = index
    inputs = node.inputs.map(graph.type(of:))
    outputs = node.outputs.map(graph.type(of:))
  }

  /// Whether what it multiplies is in memory as it is: neither normalised on the way nor empty.
  var isObservable: Bool {
    inputs[0].scalar == .float32 && input.parts.allSatisfy { $0 == .plain }
      && inputs[..<input.valueCount].allSatisfy { $0.elementCount > 0 }
  }

  /// How many of the node's inputs are what it multiplies with the weight.
  var partCount: Int { input.valueCount }

  /// With its operands rounded; `nil` where that cannot be, or is not faster.
  func rounded(to format: NarrowFormat, by algorithms: [ConvolutionAlgorithm]) -> RoundedConvolution? {
    isObservable ? rounded(convolution, format, algorithms) : nil
  }

  private func rounded<Convolution: AlgorithmicConvolution & RectifyingConvolution>(
    _ convolution: Convolution, _ format: NarrowFormat, _ algorithms: [ConvolutionAlgorithm]
  ) -> RoundedConvolution? {
    let weight = inputs[input.valueCount]
    let shape = convolution.shape(
      inputs: [input.joinedType(ofChecked: inputs), weight], outputs: outputs)
    let candidates = algorithms.filter(convolution.numerics.algorithms.contains).compactMap {
      format.convolution($0, convolution.part, shape)
    }
    guard
      let chosen = NarrowConvolution.fastest(of: candidates, orExactly: convolution.algorithm)
    else { return nil }
    var run = NarrowConvolutionOperation(
      convolution: convolution, format: format, input: input, addsLast: addsLast, weight: weight)
    run.convolution.algorithm = chosen.algorithm
    return RoundedConvolution(
      prepare: RoundWeight(weight, chosen.weights), run: run, weightPosition: input.valueCount)
  }
}

/// What a convolution becomes whose operands are rounded.
struct RoundedConvolution {
  var prepare: RoundWeight
  var run: any Operation
  var weightPosition: Int
}

extension Graph {
  /// Those with constant weights, in their order: the same for all sizes of images.
  var roundableConvolutions: [RoundableConvolution] {
    let constants = constantValues()
    return nodes.indices.compactMap { RoundableConvolution($0, in: self, constants: constants) }
  }
}
