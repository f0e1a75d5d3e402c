import ArgumentParser
import Martlet
import MartletTraining

/// One training step of the U-Net: forward, cross-entropy, backward, Adam.
struct TrainingStepWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Run training steps as a worker of the benchmark.")

  @OptionGroup var workload: Workload

  func run() throws {
    try serve {
      let network = try workload.makeNetwork()
      let optimizer = Adam()
      let batch = [try workload.images(), try workload.targets()]
      let step = try TrainingStep(
        model: network, optimizer: optimizer, state: OptimizerState(optimizer, for: network),
        batch: batch.map(\.type)
      ) { try Loss.crossEntropy(network($0[0]), $0[1]) }
      var count = 0
      return {
        defer { count += 1 }
        return try step(batch, learningRate: 1e-3, step: count, seed: 0).loss
      }
    } value: {
      $0
    }
  }
}
