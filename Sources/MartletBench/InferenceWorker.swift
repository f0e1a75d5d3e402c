import ArgumentParser
import Martlet

/// A forward pass of the U-Net.
struct InferenceWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer", abstract: "Run forward passes as a worker of the benchmark.")

  @OptionGroup var workload: Workload

  func run() throws {
    try serve {
      let network = try workload.makeNetwork()
      let images = try workload.images()
      let predict = try Function([images.type]) { [try network($0[0])] }
      return { try predict([images])[0] }
    } value: {
      try $0.mean().cast(to: .float64).item()
    }
  }
}
