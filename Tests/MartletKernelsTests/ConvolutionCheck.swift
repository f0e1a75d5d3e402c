import Testing

@testable import MartletKernels

/// Runs one convolution in every way there is and compares with float64.
struct ConvolutionCheck {
  /// A part, and what is done to its result.
  struct Call {
    var part: ConvolutionPart
    var hasBias = false
    var rectified = false
  }

  private let drawn: RandomConvolution
  private let memory: TestMemory
  private var shape: ConvolutionShape { drawn.shape }
  /// The three parts' sums, without bias.
  private let sums: [ConvolutionPart: ConvolutionReference.Sums]

  init(_ drawn: RandomConvolution, _ memory: TestMemory) {
    self.drawn = drawn
    self.memory = memory
    let reference = ConvolutionReference(shape: drawn.shape)
    sums = [
      .forward: reference.forward(drawn.input, drawn.weight),
      .backwardData: reference.backwardData(drawn.outputGradient, drawn.weight),
      .backwardWeights: reference.backwardWeights(drawn.input, drawn.outputGradient),
    ]
  }

  /// Every part plain; forward and backward-data also with one of the three other endings each.
  private var calls: [Call] {
    let endings = [(true, true), (true, false), (false, true)]
    let (a, b) = (endings[drawn.index % 3], endings[drawn.index / 3 % 3])
    return [
      Call(part: .forward), Call(part: .forward, hasBias: a.0, rectified: a.1),
      Call(part: .backwardData), Call(part: .backwardData, hasBias: b.0, rectified: b.1),
      Call(part: .backwardWeights),
    ]
  }

  func run() throws {
    for call in calls {
      var (expected, magnitudes) = (sums[call.part]!.values, sums[call.part]!.magnitudes)
      let bias = call.hasBias ? (call.part == .forward ? drawn.bias : drawn.inputBias) : nil
      if let bias {
        let biased = sums[call.part]!.adding(bias)
        (expected, magnitudes) = (biased.values, biased.magnitudes)
      }
      if call.rectified { for i in expected.indices { expected[i] = max(0, expected[i]) } }

      func directBounds(_ format: RealFormat) -> [Double] {
        let gamma = drawn.isExact ? 0 : RoundingError.gamma(sumOf: shape.terms(call.part), format)
        return magnitudes.map { gamma * $0 }
      }
      try compare(call, .direct, Double.self, bias, expected, directBounds(.float64))
      try compare(call, .direct, Float.self, bias, expected, directBounds(.float32))
      for tile in WinogradTile.allCases where tile.supports(shape) {
        // Small integers and halves and quarters of them are exact.
        let bounds =
          drawn.isExact && tile == .two
          ? [Double](repeating: 0, count: expected.count) : winogradBounds(call, tile, bias, magnitudes)
        try compare(call, .winograd(tile), Float.self, bias, expected, bounds)
      }
    }
  }

  private func winogradBounds(
    _ call: Call, _ tile: WinogradTile, _ bias: [Double]?, _ magnitudes: [Double]
  ) -> [Double] {
    var bounds =
      switch call.part {
      case .forward: WinogradBound(shape, .forward, tile: tile)(drawn.input, drawn.weight, bias)
      case .backwardData:
        WinogradBound(shape, .backwardData, tile: tile)(drawn.outputGradient, drawn.weight, bias)
      case .backwardWeights:
        WinogradWeightsBound(shape, tile: tile)(drawn.input, drawn.outputGradient)
      }
    // What is expected is a sum in float64.
    let gamma = RoundingError.gamma(shape.terms(call.part) + 1, .float64)
    for i in bounds.indices { bounds[i] += gamma * magnitudes[i] }
    return bounds
  }

  private func compare<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
    _ call: Call, _ algorithm: ConvolutionAlgorithm, _: Scalar.Type, _ bias: [Double]?, _ expected: [Double],
    _ bounds: [Double]
  ) throws {
    func cast(_ values: [Double]) -> [Scalar] { values.map { Scalar($0) } }
    let convolution = ConvolutionRun<Scalar>(shape: shape, algorithm: algorithm, memory: memory)
    let weight = cast(drawn.weight)
    let source = cast(call.part == .backwardData ? drawn.outputGradient : drawn.input)
    let gradient = call.part == .backwardWeights ? cast(drawn.outputGradient) : []
    let offset = bias.map(cast)
    func result() throws -> [Scalar] {
      switch call.part {
      case .forward: try convolution.forward(source, weight, offset, rectified: call.rectified)
      case .backwardData: try convolution.backwardData(source, weight, offset, rectified: call.rectified)
      case .backwardWeights: try convolution.backwardWeights(source, gradient)
      }
    }
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        let values = try ThreadPool.withThreadCount(1, result)
        let name =
          "\(call.part), \(algorithm), \(Scalar.self), \(set), bias \(call.hasBias), rectified \(call.rectified), \(drawn)"
        if let fault = Self.fault(values, expected, bounds) { Issue.record("\(fault): \(name)") }
        let again = try ThreadPool.withThreadCount(2, result)
        // Numbers alone would not tell 0 from -0.
        let isSame = values.withUnsafeBytes { a in again.withUnsafeBytes { b in a.elementsEqual(b) } }
        if !isSame { Issue.record("one thread and two differ: \(name)") }
      }
    }
  }

  /// The first element that is further from what was expected than it may be.
  static func fault<Scalar: BinaryFloatingPoint>(
    _ values: [Scalar], _ expected: [Double], _ bounds: [Double]
  ) -> String? {
    guard values.count == expected.count else {
      return "\(values.count) elements, expected \(expected.count)"
    }
    for i in values.indices {
      let error = abs(Double(values[i]) - expected[i])
      // Not a comparison the other way round: NaN must fail.
      if error <= bounds[i] { continue }
      return "element \(i) is \(values[i]), expected \(expected[i]) ± \(bounds[i])"
    }
    return nil
  }
}
