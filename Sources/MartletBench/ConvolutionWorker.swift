import ArgumentParser
import Martlet
import MartletKernels

/// One part of one convolution, on kernels alone. What a training step does for it is done: weights are transformed
/// each time.
struct ConvolutionWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conv", abstract: "Run a convolution as a worker of the benchmark.")

  @OptionGroup var convolution: ConvolutionArguments
  @Option(help: "forward, backward-data or backward-weights.") var part = Part.forward
  @Option(help: "How; fastest is what a plan would choose.")
  var algorithm = Algorithm.fastest

  enum Part: String, ExpressibleByArgument, CaseIterable {
    case forward
    case backwardData = "backward-data"
    case backwardWeights = "backward-weights"
  }

  enum Algorithm: String, ExpressibleByArgument, CaseIterable {
    case fastest, direct
    case winograd2 = "winograd-2"
    case winograd3 = "winograd-3"
    case winograd4 = "winograd-4"
    case strided = "winograd-strided"
    case stem = "winograd-stem"

    var candidates: [ConvolutionAlgorithm] {
      switch self {
      case .fastest: Numerics.fast.algorithms
      case .direct: [.direct]
      case .winograd2: [.winograd(.two)]
      case .winograd3: [.winograd(.three)]
      case .winograd4: [.winograd(.four)]
      case .strided: [.winograd(.strided)]
      case .stem: [.winograd(.stem)]
      }
    }
  }

  func run() throws {
    let shape = convolution.shape
    let candidates = algorithm.candidates.filter { $0.supports(shape, .float32) }
    guard !candidates.isEmpty else {
      throw ValidationError("\(algorithm.rawValue) cannot compute this convolution")
    }
    let chosen = ConvolutionAlgorithm.fastest(of: candidates, for: kernelPart, shape, .float32)
    try serve("\(chosen)") {
      let operands = try ConvolutionOperands<Float>(kernelPart, shape, chosen)
      return {
        operands.run()
        return operands
      }
    } value: { operands in
      operands.result.reduce(0) { $0 + Double($1) }
    }
  }

  /// What the kernels call the part: a transposed convolution's forward pass is a backward-data.
  private var kernelPart: ConvolutionPart {
    switch (part, convolution.transposed) {
    case (.forward, false), (.backwardData, true): .forward
    case (.backwardData, false), (.forward, true): .backwardData
    case (.backwardWeights, _): .backwardWeights
    }
  }
}
