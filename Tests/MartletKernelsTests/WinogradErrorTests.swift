import Testing

@testable import MartletKernels

/// The rounding errors of Winograd's convolutions as they are told to users: against float64, relative to the root
/// mean square of the result, of normally distributed inputs and weights.
struct WinogradErrorTests {
  struct Limit: Sendable {
    var tile: WinogradTile
    var part: ConvolutionPart
    var largest: Double
    var typical: Double
  }

  static let limits = [
    Limit(tile: .two, part: .forward, largest: 2.5e-6, typical: 4.5e-7),
    Limit(tile: .two, part: .backwardData, largest: 2.5e-6, typical: 4.5e-7),
    Limit(tile: .three, part: .forward, largest: 4e-6, typical: 7.5e-7),
    Limit(tile: .three, part: .backwardData, largest: 4e-6, typical: 7.5e-7),
    Limit(tile: .four, part: .forward, largest: 1.2e-5, typical: 1.4e-6),
    Limit(tile: .four, part: .backwardData, largest: 1.2e-5, typical: 1.4e-6),
    Limit(tile: .strided, part: .forward, largest: 6.5e-6, typical: 8e-7),
    Limit(tile: .strided, part: .backwardData, largest: 6.5e-6, typical: 8e-7),
    Limit(tile: .stem, part: .forward, largest: 1.2e-5, typical: 1.4e-6),
    Limit(tile: .stem, part: .backwardData, largest: 1.2e-5, typical: 1.4e-6),
  ]

  private static let outputs = 64

  @Test(arguments: [(64, [24, 24]), (256, [12, 12]), (1024, [8, 8]), (64, [5, 12, 12])])
  func staysBelowWhatIsTold(channels: Int, size: [Int]) {
    let depth = size.count == 3 ? 3 : 1
    check(channels: channels) { WinogradWeightsTests.volume(1, $0, $1, size, depth: depth) }
  }

  @Test(arguments: [(64, [48, 48]), (256, [24, 24]), (1024, [16, 16])], [[3, 3], [4, 4]])
  func staysBelowWhatIsToldOfStride(_ images: (channels: Int, size: [Int]), kernel: [Int]) {
    check(channels: images.channels) { WinogradWeightsTests.strided(1, $0, $1, images.size, kernel) }
  }

  @Test(arguments: [(1, [48, 48]), (3, [64, 64]), (64, [24, 24])], [[7, 7], [8, 8]])
  func staysBelowWhatIsToldOfStems(_ images: (channels: Int, size: [Int]), kernel: [Int]) {
    check(channels: images.channels) { WinogradWeightsTests.stem(1, $0, $1, images.size, kernel) }
  }

  /// - Parameters:
  ///   - channels: Those that are summed over.
  ///   - shape: Of so many input and output channels.
  private func check(
    channels: Int, _ shape: (_ inputChannels: Int, _ outputChannels: Int) -> ConvolutionShape
  ) {
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
      for limit in Self.limits where limit.part == part && limit.tile.supports(shape) {
        for set in InstructionSet.available {
          let result = InstructionSet.with(set) {
            WinogradCall(shape: shape, tile: limit.tile, part: part)(source, weight).values
          }
          let errors = zip(result, expected).map { (Double($0) - $1) / scale }
          let (largest, typical) = (errors.reduce(0) { max($0, abs($1)) }, rootMeanSquare(errors))
          #expect(
            largest <= stretch * limit.largest && typical <= limit.typical,
            "\(part), tile \(limit.tile), \(channels) channels, \(set): \(largest) / \(typical)")
        }
      }
    }
  }
}
