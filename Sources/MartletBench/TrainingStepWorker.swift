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
      let network = try workload.network()
      let optimizer = Adam()
      let targetType = TensorType([workload.batch, workload.size, workload.size], .uint8)
      let targets = try Tensor(type: targetType) { (labels: UnsafeMutableBufferPointer<UInt8>) in
        for index in labels.indices {
          labels[index] = UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 16) & 1
        }
      }
      let batch = [try workload.images(), targets]
      let step = try TrainingStep(
        model: network, optimizer: optimizer, state: OptimizerState(optimizer, for: network),
        batch: batch.map(\.type)
      ) { try Loss.crossEntropy(network($0[0]), $0[1]) }
      var count = 0
      return {
        defer { count += 1 }
        return try step(batch, learningRate: 1e-3, step: count, seed: 0).loss
      }
    }
  }
}
