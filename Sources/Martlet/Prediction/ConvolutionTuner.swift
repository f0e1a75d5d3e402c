import MartletKernels

/// Says which algorithm computes a convolution fastest.
public protocol ConvolutionTuner: Sendable {
  /// An algorithm for each of a graph's convolutions, from those that its numerics allow.
  func algorithms(for convolutions: [TunedConvolution]) -> [ConvolutionAlgorithm]
  /// Tells tuners apart that may choose differently.
  var key: String { get }
}

/// A convolution to be computed: what its fastest algorithm may depend on.
public struct TunedConvolution: Hashable, Sendable {
  /// Which of a convolution's computations; a transposed convolution is the input's gradient.
  public var part: ConvolutionPart
  /// That of the convolution, also where a part is its gradient.
  public var shape: ConvolutionShape
  /// The type of all elements.
  public var format: RealFormat
  /// Those that can compute it, and that its numerics allow.
  public var candidates: [ConvolutionAlgorithm]
  /// Whether its weight is a constant, prepared before.
  public var hasConstantWeight: Bool

  /// All of this in words, to write choices down by.
  public var key: String {
    func size(_ extent: SpatialExtent) -> String { "\(extent.depth)x\(extent.height)x\(extent.width)" }
    let weight = hasConstantWeight ? "constant" : "variable"
    let algorithms = candidates.map(\.description).joined(separator: "|")
    return
      "\(part) \(format) \(shape.batch)x\(shape.inputChannels) to \(shape.outputChannels) in \(shape.groups), "
      + "\(size(shape.input)) to \(size(shape.output)), kernel \(size(shape.kernel)) stride \(size(shape.stride)) "
      + "dilation \(size(shape.dilation)) padding \(size(shape.paddingBefore)), \(weight) weight, \(algorithms)"
  }
}

/// How a predictor's convolutions get their algorithms.
public struct Tuning: Sendable {
  let tuner: any ConvolutionTuner

  /// By a tuner of one's own, such as a ``MeasuredTuner``.
  public init(_ tuner: any ConvolutionTuner) { self.tuner = tuner }

  /// By a model of costs: the same on every machine.
  public static let modelled = Tuning(ModelledTuner())
}

/// By a model of costs: the same choice on every machine.
public struct ModelledTuner: ConvolutionTuner {
  public var key: String { "modelled" }
  public init() {}

  public func algorithms(for convolutions: [TunedConvolution]) -> [ConvolutionAlgorithm] {
    convolutions.map {
      ConvolutionAlgorithm.fastest(of: $0.candidates, for: $0.part, $0.shape, $0.format)
    }
  }
}
