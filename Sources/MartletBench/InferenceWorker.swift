import ArgumentParser
import Martlet
import MartletModels

/// A forward pass of a network, its weights prepared.
struct InferenceWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer", abstract: "Run forward passes as a worker of the benchmark.")

  @OptionGroup var workload: Workload
  @Option(help: "What convolutions multiply in: fp32 or bf16.") var precision = Precision.float32

  func run() throws {
    try serve {
      try precision.requireInstructions()
      let network = try workload.makeNetwork()
      let predictor = Predictor(passes: precision.inferencePasses) { [try network.logits($0[0])] }
      let images = try workload.images()
      return { try predictor(images) }
    } value: {
      try $0.mean().cast(to: .float64).item()
    }
  }
}

extension Precision: ExpressibleByArgument {}
