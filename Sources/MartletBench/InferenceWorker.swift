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
      let calibration = precision == .int8 ? try calibration(images) : nil
      let network = try workload.makeNetwork()
      let predictor = try Self.predictor(network, precision, calibration)
      return { try predictor(images) }
    } value: {
      try $0.mean().cast(to: .float64).item()
    }
  }

  private func calibration(_ images: Tensor) throws -> ActivationRanges {
    try Self.predictor(workload.makeNetwork(), .float32, nil).activationRanges(on: [[images]])
  }

  private static func predictor(
    _ network: sending any SegmentationModel, _ precision: Precision, _ calibration: ActivationRanges?
  ) throws -> Predictor {
    let passes = try withPrecision(precision, calibration: calibration) { Precision.current.inferencePasses }
    return Predictor(passes: passes) { [try network.logits($0[0])] }
  }
}

extension Precision: ExpressibleByArgument {}
