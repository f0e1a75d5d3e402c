import Testing

@testable import MartletKernels

struct GuardedNormalizationTests {
  /// Images, rows of each, channels.
  private static let shapes = [
    (1, 1, 1), (2, 3, 5), (3, 7, 17), (2, 131, 3), (1, 67, 33), (3, 35, 65), (2, 5, 131), (1, 4099, 7),
    (2, 3, 1021),
    (2, 701, 48),
  ]

  @Test func batches() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (images, height, channels) in Self.shapes {
        let rows = images * height
        let kernel = BatchNormalization(rows: rows, channels: channels, format: Scalar.format)
        let x = GuardedBuffers.numbers(rows * channels, Scalar.self)
        let dy = GuardedBuffers.numbers(rows * channels, Scalar.self, seed: 2)
        let (weight, bias) = (
          GuardedBuffers.positive(channels, Scalar.self),
          GuardedBuffers.numbers(channels, Scalar.self, seed: 3)
        )
        for relu in [false, true] {
          GuardedBuffers.expectSame("\(rows)×\(channels), \(Scalar.self), ReLU \(relu)") { memory in
            let (mean, variance, inverse) = (
              memory.output(channels, Scalar.self), memory.output(channels, Scalar.self),
              memory.output(channels, Scalar.self)
            )
            kernel.statistics(
              memory.copy(x), epsilon: 1e-5, mean: mean, variance: variance, inverseDeviation: inverse,
              workspace: memory.workspace(kernel.statisticsWorkspaceByteCount))
            kernel.inverseDeviations(
              ofVariance: variance, epsilon: 1e-5, output: memory.output(channels, Scalar.self))
            kernel.apply(
              memory.copy(x), mean: mean, inverseDeviation: inverse, weight: memory.copy(weight),
              bias: memory.copy(bias), relu: relu, output: memory.output(rows * channels, Scalar.self),
              workspace: memory.workspace(kernel.applyWorkspaceByteCount))
            kernel.gradient(
              memory.copy(x), outputGradient: memory.copy(dy), mean: mean, inverseDeviation: inverse,
              weight: memory.copy(weight), bias: memory.copy(bias), relu: relu, usesBatchStatistics: relu,
              inputGradient: memory.output(rows * channels, Scalar.self),
              weightGradient: memory.output(channels, Scalar.self),
              biasGradient: memory.output(channels, Scalar.self),
              workspace: memory.workspace(kernel.gradientWorkspaceByteCount))
            BatchNormalization.updateRunning(
              mean: memory.inOut(bias), variance: memory.inOut(weight), batchMean: mean,
              batchVariance: variance,
              count: rows, momentum: 0.1, channels: channels, format: Scalar.format)
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func groupsAndSums() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (images, rows, channels) in Self.shapes {
        let count = images * rows * channels
        let (x, dy) = (
          GuardedBuffers.numbers(count, Scalar.self), GuardedBuffers.numbers(count, Scalar.self, seed: 2)
        )
        let weight = GuardedBuffers.positive(channels, Scalar.self)
        let sums = ChannelSums(images: images, rows: rows, channels: channels, format: Scalar.format)
        for groups in [1, channels] + (channels % 3 == 0 ? [3] : []) {
          let kernel = GroupNormalization(
            images: images, rows: rows, channels: channels, groups: groups, format: Scalar.format)
          GuardedBuffers.expectSame("\(images)×\(rows)×\(channels) in \(groups), \(Scalar.self)") { memory in
            let (mean, inverse) = (
              memory.output(images * groups, Scalar.self), memory.output(images * groups, Scalar.self)
            )
            kernel.forward(
              memory.copy(x), weight: memory.copy(weight), bias: memory.copy(weight), epsilon: 1e-5,
              output: memory.output(count, Scalar.self), mean: mean, inverseDeviation: inverse,
              workspace: memory.workspace(kernel.forwardWorkspaceByteCount))
            kernel.gradient(
              memory.copy(x), outputGradient: memory.copy(dy), mean: mean, inverseDeviation: inverse,
              weight: memory.copy(weight), inputGradient: memory.output(count, Scalar.self),
              weightGradient: memory.output(channels, Scalar.self),
              biasGradient: memory.output(channels, Scalar.self),
              workspace: memory.workspace(kernel.gradientWorkspaceByteCount))
            sums.run(
              memory.copy(x), factor: 0.5, output: memory.output(images * channels, Scalar.self),
              workspace: memory.workspace(sums.workspaceByteCount))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func layers() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (images, height, width) in Self.shapes {
        let rows = images * height
        let kernel = LayerNormalization(rows: rows, width: width, format: Scalar.format)
        let x = GuardedBuffers.numbers(rows * width, Scalar.self)
        let dy = GuardedBuffers.numbers(rows * width, Scalar.self, seed: 2)
        let weight = GuardedBuffers.positive(width, Scalar.self)
        GuardedBuffers.expectSame("\(rows)×\(width), \(Scalar.self)") { memory in
          let (mean, inverse) = (memory.output(rows, Scalar.self), memory.output(rows, Scalar.self))
          kernel.forward(
            memory.copy(x), weight: memory.copy(weight), bias: memory.copy(weight), epsilon: 1e-5,
            output: memory.output(rows * width, Scalar.self), mean: mean, inverseDeviation: inverse)
          kernel.gradient(
            memory.copy(x), outputGradient: memory.copy(dy), mean: mean, inverseDeviation: inverse,
            weight: memory.copy(weight), inputGradient: memory.output(rows * width, Scalar.self),
            weightGradient: memory.output(width, Scalar.self),
            biasGradient: memory.output(width, Scalar.self),
            workspace: memory.workspace(kernel.gradientWorkspaceByteCount))
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
