import MartletKernels
import Synchronization

/// By measurement: each convolution is timed with each algorithm, once, and what was fastest is remembered.
///
/// The choice may differ from machine to machine and from run to run, and with it the last digits of results.
public final class MeasuredTuner: ConvolutionTuner {
  /// What was found so far, by ``TunedConvolution/key``.
  public typealias Choices = [String: ConvolutionAlgorithm]

  /// Each is a tuner of its own.
  public let key = "measured \(made.add(1, ordering: .relaxed).newValue)"
  private static let made = Atomic(0)
  private let choices: Mutex<Choices>
  private let remember: @Sendable (Choices) -> Void

  /// - Parameters:
  ///   - known: What was found before, on this machine and with as many threads.
  ///   - remember: Called with all that is known when there is something new.
  public init(known: Choices = [:], remember: @escaping @Sendable (Choices) -> Void = { _ in }) {
    choices = Mutex(known)
    self.remember = remember
  }

  public func algorithms(for convolutions: [TunedConvolution]) -> [ConvolutionAlgorithm] {
    let (chosen, isNew) = choices.withLock { choices in
      var isNew = false
      let chosen = convolutions.map { convolution in
        let key = convolution.key
        // A choice that somebody else wrote down may be one that cannot compute this.
        if let known = choices[key], convolution.candidates.contains(known) { return known }
        let fastest = Self.fastest(convolution)
        choices[key] = fastest
        isNew = true
        return fastest
      }
      return (chosen, isNew ? choices : nil)
    }
    if let isNew { remember(isNew) }
    return chosen
  }

  /// Times are the fastest of some runs, algorithms taken in turns: what the machine does meanwhile happens to all.
  private static let runs = 5

  private static func fastest(_ convolution: TunedConvolution) -> ConvolutionAlgorithm {
    let modelled = ModelledTuner().algorithms(for: [convolution])[0]
    guard convolution.candidates.count > 1, let trial = try? ConvolutionTrial(convolution) else {
      return modelled
    }
    let clock = ContinuousClock()
    var fastest = [Duration](repeating: .seconds(1 << 40), count: convolution.candidates.count)
    for run in 0...runs {
      for (index, algorithm) in convolution.candidates.enumerated() {
        let time = clock.measure { trial.run(algorithm) }
        if run > 0 { fastest[index] = min(fastest[index], time) }
      }
    }
    return convolution.candidates[fastest.indices.min { fastest[$0] < fastest[$1] } ?? 0]
  }
}

/// A convolution's memory, for any algorithm.
private struct ConvolutionTrial {
  private let convolution: TunedConvolution
  private let source: Storage
  /// What the source is multiplied by: the gradient of the weights multiplies it by that of the output.
  private let weights: [ConvolutionAlgorithm: Storage]
  private let result: Storage
  private let workspace: Storage

  init(_ convolution: TunedConvolution) throws {
    self.convolution = convolution
    let (shape, format) = (convolution.shape, convolution.format)
    func filled(_ count: Int) throws -> Storage {
      let storage = try Storage(byteCount: count * format.byteCount)
      // Zeros would do but for numbers so small that processors take longer for them.
      RandomFill.uniform(
        format == .float32 ? .float32 : .float64, storage.address, count: count, low: -1, high: 1, seed: 0,
        stream: 0)
      return storage
    }
    let isForward = convolution.part != .backwardData
    source = try filled(isForward ? shape.inputElementCount : shape.outputElementCount)
    let plain = try filled(
      convolution.part == .backwardWeights ? shape.outputElementCount : shape.weightElementCount)
    var weights: [ConvolutionAlgorithm: Storage] = [:]
    for algorithm in convolution.candidates {
      weights[algorithm] = plain
      guard convolution.hasConstantWeight else { continue }
      let order = PreparedWeights(algorithm, convolution.part, shape, format)
      let prepared = try Storage(byteCount: order.byteCount)
      order.prepare(plain.address, to: prepared.address)
      weights[algorithm] = prepared
    }
    self.weights = weights
    let resultCount =
      switch convolution.part {
      case .forward: shape.outputElementCount
      case .backwardData: shape.inputElementCount
      case .backwardWeights: shape.weightElementCount
      }
    result = try Storage(byteCount: resultCount * format.byteCount)
    workspace = try Storage(
      byteCount: convolution.candidates.map {
        $0.workspaceByteCount(
          convolution.part, shape, format, weightIsPrepared: convolution.hasConstantWeight)
      }.max() ?? 0)
  }

  func run(_ algorithm: ConvolutionAlgorithm) {
    let (shape, format) = (convolution.shape, convolution.format)
    guard let weight = weights[algorithm]?.address else { return }
    switch convolution.part {
    case .forward:
      algorithm.forward(
        shape, format, input: source.address, weight: weight,
        weightIsPrepared: convolution.hasConstantWeight, bias: nil, output: result.address,
        workspace: workspace.address)
    case .backwardData:
      algorithm.backwardData(
        shape, format, outputGradient: source.address, weight: weight,
        weightIsPrepared: convolution.hasConstantWeight, inputGradient: result.address,
        workspace: workspace.address)
    case .backwardWeights:
      algorithm.backwardWeights(
        shape, format, input: source.address, outputGradient: weight, weightGradient: result.address,
        workspace: workspace.address)
    }
  }
}
