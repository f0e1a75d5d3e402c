import ArgumentParser
import Foundation
import Martlet
import MartletModels
import MartletTraining

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Show a network's layers, parameters, multiply-adds and memory.",
    discussion:
      "The memory of a training step is that of cross-entropy and Adam on a batch of the given shape.")

  @Argument(
    help:
      "The network's name (\(Architecture.names.joined(separator: ", "))), a run folder, or a weights file.")
  var model: String

  @Option(help: ArgumentHelp("Batch, channels, height and width.", valueName: "NxCxHxW"))
  var input = "1x3x256x256"

  @Option(parsing: .unconditional, help: "Classes. (default: 2)") var classCount: Int?
  @OptionGroup(title: "Network") var network: NetworkFlags

  @OptionGroup var options: NumericsOption
  @Flag(help: "Also list what runs, in order, in a forward pass and in a training step.") var plan = false
  @Option(
    parsing: .upToNextOption,
    help: "Passes over the recorded graph to leave out, by the names that --plan shows.")
  var withoutPasses: [String] = []

  func run() throws {
    let shape = try parsedShape()
    let network = try makeNetwork(inputChannels: shape[1])
    let image = TensorType(shape, .float32, .channelsLast)
    let target = TensorType([shape[0]] + shape[2...], .uint8)
    let passes = try defaultPasses.without(withoutPasses)
    let summary = try withNumerics(options.numerics) {
      try ModelSummary(of: network, input: image, targets: [target], optimizer: Adam(), passes: passes) {
        batch in
        try network.trainingLoss(batch[0]) { try Loss.crossEntropy($0, batch[1]) }
      }
    }
    if plan {
      try printResult("forward pass\n\n\(summary.forwardPlan)\n\ntraining step\n\n\(summary.trainingPlan)\n")
    }
    try printResult("\(summary)")
  }

  private func parsedShape() throws -> [Int] {
    let sizes = input.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    try require(
      (4...5).contains(sizes.count) && sizes.allSatisfy { $0 > 0 }, "summary",
      "expected an input such as 4x3x256x256, or 1x1x64x64x64 for volumes, got \(input)")
    return sizes
  }

  private func makeNetwork(inputChannels: Int) throws -> any SegmentationModel {
    let url = URL(filePath: model)
    guard FileManager.default.fileExists(atPath: url.path) else {
      var options = NetworkOptions()
      network.apply(to: &options)
      return try Architecture.named(model, options).make(
        channels: inputChannels, classes: classCount ?? 2, options)
    }
    return try SegmentationModelDescription.load(runOrWeights: url).network
  }
}
