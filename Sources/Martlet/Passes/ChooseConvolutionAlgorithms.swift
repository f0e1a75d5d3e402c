import MartletKernels

/// Chooses how each convolution is computed: what its numerics allow and a tuner says is fastest.
public struct ChooseConvolutionAlgorithms: GraphPass {
  public var name: String { "choose-convolutions" }
  /// What says which is fastest: a model of costs unless given.
  public var tuner: any ConvolutionTuner

  public init(tuner: any ConvolutionTuner = ModelledTuner()) { self.tuner = tuner }

  public var key: String { "\(name) \(tuner.key)" }

  public func rewrite(_ graph: Graph) -> Graph {
    let constants = graph.constantValues()
    var convolutions: [(node: Int, question: TunedConvolution)] = []
    for (index, node) in graph.nodes.enumerated() {
      guard let convolution = node.operation as? any AlgorithmicConvolution else { continue }
      let shape = convolution.shape(
        inputs: node.inputs.map(graph.type(of:)), outputs: node.outputs.map(graph.type(of:)))
      let format = graph.type(of: node.inputs[0]).checkedFormat
      convolutions.append(
        (
          index,
          TunedConvolution(
            part: convolution.part, shape: shape, format: format,
            candidates: convolution.numerics.algorithms.filter { $0.supports(shape, format) },
            hasConstantWeight: convolution.part != .backwardWeights && constants.contains(node.inputs[1]))
        ))
    }
    var result = graph
    for (convolution, algorithm) in zip(convolutions, tuner.algorithms(for: convolutions.map(\.question))) {
      guard var chosen = graph.nodes[convolution.node].operation as? any AlgorithmicConvolution else {
        continue
      }
      chosen.algorithm = algorithm
      result.nodes[convolution.node].operation = chosen
    }
    return result
  }
}

/// A part of a convolution, forward or a gradient, that several algorithms can compute.
protocol AlgorithmicConvolution: Operation {
  /// What the algorithm is chosen by.
  var numerics: Numerics { get }
  /// How it is computed; `.direct` until a plan chooses.
  var algorithm: ConvolutionAlgorithm { get set }
  var part: ConvolutionPart { get }
  func shape(inputs: [TensorType], outputs: [TensorType]) -> ConvolutionShape
}

extension AlgorithmicConvolution {
  public var detail: String {
    (self as? any RectifyingConvolution)?.rectifies == true ? "\(algorithm) relu" : "\(algorithm)"
  }
}

extension Numerics {
  /// What may be chosen from.
  package var algorithms: [ConvolutionAlgorithm] {
    switch self {
    case .fast: ConvolutionAlgorithm.allCases
    case .strict: [.direct, .winograd(.two)]
    case .direct: [.direct]
    }
  }
}
