import MartletKernels

/// Chooses how each convolution is computed: what its numerics allow and its shape makes fastest.
public struct ChooseConvolutionAlgorithms: GraphPass {
  public var name: String { "choose-convolutions" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    var result = graph
    for (index, node) in graph.nodes.enumerated() {
      guard var convolution = node.operation as? any AlgorithmicConvolution else { continue }
      let shape = convolution.shape(
        inputs: node.inputs.map(graph.type(of:)), outputs: node.outputs.map(graph.type(of:)))
      convolution.algorithm = ConvolutionAlgorithm.fastest(
        of: convolution.numerics.algorithms, for: convolution.part, shape,
        graph.type(of: node.inputs[0]).checkedFormat)
      result.nodes[index].operation = convolution
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
    case .fast: [.direct, .winograd(.two), .winograd(.four)]
    case .strict: [.direct, .winograd(.two)]
    case .direct: [.direct]
    }
  }
}
