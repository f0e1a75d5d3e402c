import Testing

@testable import MartletKernels

/// The rounding errors of convolutions as they are told to users: against float64, relative to the root
/// mean square of the result, of normally distributed inputs and weights.
struct ConvolutionErrorTests {
  struct Limit: Sendable {
    var algorithm: ConvolutionAlgorithm
    var part: ConvolutionPart
    var largest: Double
    var typical: Double
  }

  static let limits = [
    // A single long sum strays by 4e-7: these are of runs.
    Limit(algorithm: .direct, part: .forward, largest: 3e-6, typical: 3e-7),
    Limit(algorithm: .direct, part: .backwardData, largest: 3e-6, typical: 3e-7),
    Limit(algorithm: .winograd(.two), part: .forward, largest: 2.5e-6, typical: 4.5e-7),
    Limit(algorithm: .winograd(.two), part: .backwardData, largest: 2.5e-6, typical: 4.5e-7),
    Limit(algorithm: .winograd(.three), part: .forward, largest: 4e-6, typical: 7.5e-7),
    Limit(algorithm: .winograd(.three), part: .backwardData, largest: 4e-6, typical: 7.5e-7),
    Limit(algorithm: .winograd(.four), part: .forward, largest: 1.2e-5, typical: 1.4e-6),
    Limit(algorithm: .winograd(.four), part: .backwardData, largest: 1.2e-5, typical: 1.4e-6),
    Limit(algorithm: .winograd(.strided), part: .forward, largest: 6.5e-6, typical: 8e-7),
    Limit(algorithm: .winograd(.strided), part: .backwardData, largest: 6.5e-6, typical: 8e-7),
    Limit(algorithm: .winograd(.stem), part: .forward, largest: 1.2e-5, typical: 1.4e-6),
    Limit(algorithm: .winograd(.stem), part: .backwardData, largest: 1.2e-5, typical: 1.4e-6),
  ]

  private static let outputs = 64

  @Test(arguments: [(64, [24, 24]), (256, [12, 12]), (1024, [8, 8]), (64, [5, 12, 12])])
  func staysBelowWhatIsTold(channels: Int, size: [Int]) throws {
    let depth = size.count == 3 ? 3 : 1
    try check(channels: channels) { WinogradWeightsTests.volume(1, $0, $1, size, depth: depth) }
  }

  @Test(arguments: [(64, [48, 48]), (256, [24, 24]), (1024, [16, 16])], [[3, 3], [4, 4]])
  func staysBelowWhatIsToldOfStride(_ images: (channels: Int, size: [Int]), kernel: [Int]) throws {
    try check(channels: images.channels) { WinogradWeightsTests.strided(1, $0, $1, images.size, kernel) }
  }

  @Test(arguments: [(1, [48, 48]), (3, [64, 64]), (64, [24, 24])], [[7, 7], [8, 8]])
  func staysBelowWhatIsToldOfStems(_ images: (channels: Int, size: [Int]), kernel: [Int]) throws {
    try check(channels: images.channels) { WinogradWeightsTests.stem(1, $0, $1, images.size, kernel) }
  }

  /// - Parameters:
  ///   - channels: Those that are summed over.
  ///   - shape: Of so many input and output channels.
  private func check(
    channels: Int, _ shape: (_ inputChannels: Int, _ outputChannels: Int) -> ConvolutionShape
  ) throws {
    for part in WinogradTests.parts {
      let shape = part == .forward ? shape(channels, Self.outputs) : shape(Self.outputs, channels)
      let depth = shape.kernel.depth
      func normal(_ count: Int, _ stream: UInt64) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        values.withUnsafeMutableBytes {
          RandomFill.normal(
            .float32, $0.baseAddress!, count: count, mean: 0, standardDeviation: 1, seed: 5, stream: stream)
        }
        return values
      }
      let source = normal(part == .forward ? shape.inputElementCount : shape.outputElementCount, 1)
      let weight = normal(shape.weightElementCount, 2)
      let (x, w) = (source.map { Double($0) }, weight.map { Double($0) })
      let reference = ConvolutionReference(shape: shape)
      let expected = part == .forward ? reference.forward(x, w).values : reference.backwardData(x, w).values
      func rootMeanSquare(_ values: [Double]) -> Double {
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
      }
      let scale = rootMeanSquare(expected)
      // A deep kernel's sums are longer: single results stray further.
      let stretch = depth > 1 ? 1.5 : 1
      for limit in Self.limits where limit.part == part && limit.algorithm.supports(shape, .float32) {
        for set in InstructionSet.available {
          let run = ConvolutionRun<Float>(shape: shape, algorithm: limit.algorithm)
          let result = try InstructionSet.with(set) {
            part == .forward ? try run.forward(source, weight, nil) : try run.backwardData(source, weight)
          }
          let errors = zip(result, expected).map { (Double($0) - $1) / scale }
          let (largest, typical) = (errors.reduce(0) { max($0, abs($1)) }, rootMeanSquare(errors))
          #expect(
            largest <= stretch * limit.largest && typical <= limit.typical,
            "\(part), \(limit.algorithm), \(channels) channels, \(set): \(largest) / \(typical)")
        }
      }
    }
  }
}
