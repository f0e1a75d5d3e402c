import ArgumentParser
import Martlet
import MartletModels

/// A forward pass of a network, its weights prepared.
struct InferenceWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer", abstract: "Run forward passes as a worker of the benchmark.")

  @OptionGroup var workload: Workload
  @Option(help: "What convolutions multiply in: fp32, bf16 or int8, calibrated on the images.")
  var precision = Precision.float32

  func run() throws {
    try serve {
      let images = try workload.images()
      let predictor = try workload.predictor(workload.makeNetwork(), precision)
      return { try predictor(images) }
    } value: {
      try $0.mean().cast(to: .float64).item()
    }
  }
}

extension Precision: ExpressibleByArgument {}
