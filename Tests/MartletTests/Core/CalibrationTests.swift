import Martlet
import MartletKernels
import Testing

@Suite("Calibration")
struct CalibrationTests {
  private static func images() throws -> [[Tensor]] {
    try [(32, 24), (48, 48), (16, 16)].map { [try PredictedNetwork.image($0.0, $0.1)] }
  }

  private static func calibration() throws -> ActivationRanges {
    try Predictor(PredictedNetwork.seeded()).activationRanges(on: images())
  }

  private static func predictor(_ calibration: ActivationRanges) throws -> Predictor {
    let passes = try withPasses(calibration)
    return Predictor(try PredictedNetwork.seeded(), passes: passes)
  }

  /// Those for int8, on any machine.
  private static func withPasses(_ calibration: ActivationRanges) throws -> [any GraphPass] {
    ActivationRanges.$current.withValue(calibration) { Precision.int8.inferencePasses }
  }

  @Test("sees what convolutions read, and leaves results as they are")
  func ranges() throws {
    let wide = try withSeed(3) { try Conv2d(inputChannels: 16, outputChannels: 32, kernelSize: 1) }
    let next = try withSeed(4) { try Conv2d(inputChannels: 32, outputChannels: 8, kernelSize: 3) }
    let predictor = Predictor.borrowing { [try next(wide($0[0]).relu())] }
    let type = TensorType([1, 16, 8, 6], .float32, .channelsLast)
    let samples = try (0..<3).map {
      try Tensor.uniform(type, from: -1 - Double($0), to: 2, seed: 1, stream: UInt64($0))
    }
    let calibration = try predictor.activationRanges(on: samples.map { [$0] })
    let read = try samples.map { try ($0.scalars(Float.self), wide($0).relu().scalars(Float.self)) }
    let first = read.flatMap(\.0)
    let second = read.flatMap(\.1)
    #expect(calibration.ranges.count == 2)
    #expect(calibration.ranges[0] == (first.min()!)...(first.max()!))
    let seen = try #require(calibration.ranges[1])
    #expect(seen.lowerBound == 0 && abs(seen.upperBound - second.max()!) < 1e-5)
    let one = try predictor.activationRanges(on: [[samples[0]]])
    #expect(one != calibration && one.ranges.count == 2)
  }

  @Test("makes int8 stay near float32 at all sizes, with the same bytes on any number of threads")
  func predictions() throws {
    let calibration = try Self.calibration()
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        let (exact, rounded) = (try Predictor(PredictedNetwork.seeded()), try Self.predictor(calibration))
        for (height, width, batch) in [(32, 24, 1), (64, 64, 3), (2, 2, 1)] {
          let image = try PredictedNetwork.image(height, width, batch: batch)
          let one = try ThreadPool.withThreadCount(1) { try rounded(image) }
          let two = try ThreadPool.withThreadCount(2) { try Self.predictor(calibration)(image) }
          let difference = try PredictorTests.difference(one, exact(image))
          #expect(difference < 0.05, "\(height)×\(width): \(difference)")
          #expect(try one.scalars(Float.self) == two.scalars(Float.self))
        }
        let large = try PredictedNetwork.image(256, 256)
        let operations = try rounded.listing(for: [large.type]).rows.map(\.operation)
        #expect(operations.contains { $0.contains("int8") }, "\(operations)")
        #expect(operations.first?.contains("int8") == false, "\(operations)")
      }
    }
  }

  @Test("is refused where it is another network's, of nothing, or of numbers that are none")
  func refusals() throws {
    let image = try PredictedNetwork.image(16, 16)
    let error = #expect(throws: MartletError.self) {
      try Self.predictor(ActivationRanges(ranges: [0...1]))(image)
    }
    #expect(error?.message.contains("another network's") == true)
    #expect(throws: MartletError.self) { try Predictor(PredictedNetwork.seeded()).activationRanges(on: []) }
    let wrong = try Tensor(shape: image.shape, scalars: image.scalars(Float.self).map { _ in Float.infinity })
    #expect(throws: MartletError.self) {
      try Predictor(PredictedNetwork.seeded()).activationRanges(on: [[wrong]])
    }
    let missing = #expect(throws: MartletError.self) { try withPrecision(.int8) {} }
    #expect(
      missing?.message.contains(hasInt8Kernels ? "expected a calibration" : "AVX-512 VNNI") == true)
    let calibration = try Self.calibration()
    for set in InstructionSet.available where set != .avx512 {
      InstructionSet.with(set) {
        let error = #expect(throws: MartletError.self) {
          try withPrecision(.int8, calibration: calibration) {}
        }
        #expect(error?.message.contains("AVX-512 VNNI") == true)
      }
    }
  }
}
