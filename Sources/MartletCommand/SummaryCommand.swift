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

  @Argument(help: "The network's name (unet), a run folder, or a weights file.")
  var model: String

  @Option(help: ArgumentHelp("Batch, channels, height and width.", valueName: "NxCxHxW"))
  var input = "1x3x256x256"

  @Option(help: "Channels of the first level. (default: 64)") var baseChannels: Int?
  @Option(help: "Levels below the first. (default: 4)") var depth: Int?
  @Option(help: "Classes. (default: 2)") var classCount: Int?
  @Option(help: "same or valid. (default: same)") var padding: UNet.Configuration.Padding?
  @Option(help: "transposed or bilinear. (default: transposed)") var upsampling:
    UNet.Configuration.Upsampling?
  @Flag(inversion: .prefixedNo, help: "Batch normalisation. (default: --batch-norm)") var batchNorm: Bool?

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
    let target = TensorType([shape[0], shape[2], shape[3]], .uint8)
    let passes = try defaultPasses.without(withoutPasses)
    let summary = try withNumerics(options.numerics) {
      try ModelSummary(of: network, input: image, targets: [target], optimizer: Adam(), passes: passes) {
        try Loss.crossEntropy(network.logits($0[0]), $0[1])
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
      sizes.count == 4 && sizes.allSatisfy { $0 > 0 }, "summary",
      "expected an input such as 4x3x256x256, got \(input)")
    return sizes
  }

  private func makeNetwork(inputChannels: Int) throws -> any SegmentationModel {
    if model == "unet" {
      var configuration = UNet.Configuration()
      configuration.inputChannels = inputChannels
      configuration.baseChannels = baseChannels ?? configuration.baseChannels
      configuration.depth = depth ?? configuration.depth
      configuration.classCount = classCount ?? configuration.classCount
      configuration.padding = padding ?? configuration.padding
      configuration.upsampling = upsampling ?? configuration.upsampling
      configuration.batchNorm = batchNorm ?? configuration.batchNorm
      return try UNet(configuration)
    }
    let url = URL(filePath: model)
    try require(
      FileManager.default.fileExists(atPath: url.path), "summary",
      "expected unet, a run folder or a weights file, got \(model)")
    return try SegmentationModelDescription.load(runOrWeights: url).network
  }
}

extension UNet.Configuration.Padding: ExpressibleByArgument {}
extension UNet.Configuration.Upsampling: ExpressibleByArgument {}
