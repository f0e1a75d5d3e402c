import Martlet
import Testing

@Suite("Running statistics")
struct RunningStatisticsTests {
  @Test("take one step of PyTorch's rule, with the unbiased variance, in place")
  func step() throws {
    let fixture = try Fixture(Fixtures.tensors("running_statistics"), prefix: "step/")
    let x = fixture.inputs[0]
    let mean = try Tensor(shape: [5], scalars: fixture.inputs[1].scalars(Float.self))
    let variance = try Tensor(shape: [5], scalars: fixture.inputs[2].scalars(Float.self))
    let tracked = try Tensor(Int64(3))
    let result = try x.batchNorm(weight: .ones([5]), bias: .zeros([5]))
    let none = try Tensor.apply(
      UpdateRunningStatistics(count: 3 * 4 * 2), [mean, variance, tracked, result.mean, result.variance])
    #expect(none.isEmpty)
    try expectClose(mean, fixture.outputs[0], 1e-6, "mean")
    try expectClose(variance, fixture.outputs[1], 1e-6, "variance")
    #expect(try tracked.item(Int64.self) == 4)
  }

  @Test("a batch of one value per channel is refused, as PyTorch does")
  func oneValue() throws {
    let x = try Tensor.ones([1, 4, 1, 1])
    #expect(throws: MartletError.self) { try x.batchNorm(weight: .ones([4]), bias: .zeros([4])) }
  }

  @Test("the recomputed output has the bytes of the first one", arguments: NormalizationActivation.allCases)
  func recomputation(_ activation: NormalizationActivation) throws {
    for channels in [1, 3, 16, 21] {
      let count = 2 * channels * 35
      let x = try Tensor(
        shape: [2, channels, 5, 7], scalars: (0..<count).map { Float(($0 * 7919) % 1009) / 97 },
        layout: .channelsLast)
      let weight = try Tensor(shape: [channels], scalars: (0..<channels).map { 1 - Float($0) / 3 })
      let bias = try Tensor(shape: [channels], scalars: (0..<channels).map { Float($0) / 5 - 1 })
      let result = try x.batchNorm(weight: weight, bias: bias, activation: activation)
      let again = try Tensor.apply(
        BatchNormApply(activation: activation), [x, result.mean, result.inverseDeviation, weight, bias])[0]
      #expect(try again.scalars(Float.self) == result.output.scalars(Float.self))
    }
  }

  @Test("are accurate far from zero")
  func offset() throws {
    let deviations = (0..<4096).map { Float(($0 * 613) % 4096) / 4096 }
    let x = try Tensor(shape: [1, 1, 64, 64], scalars: deviations.map { 1000 + $0 }, layout: .channelsLast)
    let result = try x.batchNorm(weight: .ones([1]), bias: .zeros([1]))
    let values = try x.scalars(Float.self).map(Double.init)
    let mean = values.reduce(0, +) / 4096
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4096
    #expect(abs(Double(try result.variance.item(Float.self)) / variance - 1) < 1e-6)
  }
}
