import Testing

@testable import MartletKernels

@Suite("Random fills")
struct RandomFillTests {
  private func uniform(_ count: Int, seed: UInt64 = 7, stream: UInt64 = 3) -> [Float] {
    var values = [Float](repeating: -1, count: count)
    values.withUnsafeMutableBytes {
      RandomFill.uniform(.float32, $0.baseAddress!, count: count, low: 0, high: 1, seed: seed, stream: stream)
    }
    return values
  }

  private func normal(_ count: Int) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    values.withUnsafeMutableBytes {
      RandomFill.normal(
        .float32, $0.baseAddress!, count: count, mean: 0, standardDeviation: 1, seed: 7, stream: 3)
    }
    return values
  }

  private func dropout(_ count: Int, _ probability: Double, step: UInt64 = 5) -> [Float] {
    var values = [Float](repeating: 1, count: count)
    values.withUnsafeMutableBytes {
      RandomFill.dropout(
        .float32, x: $0.baseAddress!, y: $0.baseAddress!, count: count, probability: probability, seed: 7,
        stream: 3,
        step: step)
    }
    return values
  }

  @Test("draw the numbers of the scalar generator, on every instruction set")
  func agreesWithScalarGenerator() {
    let count = 70_001
    let philox = Philox(key: RandomFill.key(seed: 7, stream: 3, step: .max))
    let expected = (0..<count).map { i in
      Philox.uniform(philox.block(UInt64(i / 64 * 16 + i % 16), 0)[i % 64 / 16])
    }
    for set in InstructionSet.available {
      #expect(InstructionSet.with(set) { uniform(count) } == expected, "\(set)")
    }
  }

  @Test("give the same bytes on every instruction set and number of threads")
  func doNotDependOnMachine() {
    let expected = InstructionSet.with(.portable) {
      ThreadPool.withThreadCount(1) { (normal(100_003), dropout(100_003, 0.3)) }
    }
    for set in InstructionSet.available {
      for threads in 1...3 {
        let got = InstructionSet.with(set) {
          ThreadPool.withThreadCount(threads) { (normal(100_003), dropout(100_003, 0.3)) }
        }
        #expect(got == expected, "\(set), \(threads) threads")
      }
    }
  }

  @Test("have the moments and the tails of a normal distribution")
  func normalMoments() {
    let values = normal(1 << 20).map(Double.init)
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let moment = { (power: Int) in
      values.reduce(0) { sum, x in sum + (0..<power).reduce(1) { p, _ in p * x } } / n
    }
    #expect(abs(mean) < 0.004)
    #expect(abs(moment(2) - 1) < 0.006)
    #expect(abs(moment(3)) < 0.02)
    #expect(abs(moment(4) - 3) < 0.05)
    #expect(abs(Double(values.count { abs($0) > 3 }) / n - 0.0027) < 0.0003)
    // Neighbours of a pair must not go together.
    let products = (0..<values.count - 16).reduce(0) { $0 + values[$1] * values[$1 + 16] } / n
    #expect(abs(products) < 0.004)
  }

  @Test("drop the share that is asked for and scale up the rest")
  func dropoutShare() {
    let count = 1 << 18
    let values = dropout(count, 0.3)
    let dropped = values.count { $0 == 0 }
    #expect(abs(Double(dropped) / Double(count) - 0.3) < 0.004)
    #expect(values.allSatisfy { $0 == 0 || $0 == Float(1 / 0.7) })
    #expect(dropout(count, 0.3, step: 6) != values)
    #expect(dropout(100, 0) == [Float](repeating: 1, count: 100))
    #expect(dropout(100, 1) == [Float](repeating: 0, count: 100))
  }

  @Test("differ between streams and seeds")
  func streamsDiffer() {
    let base = uniform(1000)
    for other in [uniform(1000, stream: 4), uniform(1000, seed: 8)] {
      #expect(zip(base, other).count { $0 == $1 } < 3)
    }
  }
}
