import ArgumentParser
import Foundation
import Martlet
import MartletModels
import MartletTraining

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Show a network's layers, parameters, multiply-adds and memory.",
    discussion: "The memory of a training step is that of cross-entropy and Adam on a batch of the given shape.")

  @Argument(help: "The network's name (unet), a run folder, or a weights file.")
  var model: String

  @Option(help: ArgumentHelp("Batch, channels, height and width.", valueName: "NxCxHxW"))
  var input = "1x3x256x256"

  @Option(help: "Channels of the first level. (default: 64)") var baseChannels: Int?
  @Option(help: "Levels below the first. (default: 4)") var depth: Int?
  @Option(help: "Classes. (default: 2)") var classCount: Int?
  @Option(help: "same or valid. (default: same)") var padding: UNet.Configuration.Padding?
  @Option(help: "transposed or bilinear. (default: transposed)") var upsampling: UNet.Configuration.Upsampling?
  @Flag(inversion: .prefixedNo, help: "Batch normalisation. (default: --batch-norm)") var batchNorm: Bool?

  func run() throws {
    let shape = try parsedShape()
    let network = try makeNetwork(inputChannels: shape[1])
    let image = TensorType(shape, .float32, .channelsLast)
    let target = TensorType([shape[0], shape[2], shape[3]], .uint8)
    let summary = try ModelSummary(
      of: network, input: image, targets: [target], optimizer: Adam()
    ) { try Loss.crossEntropy(network.logits($0[0]), $0[1]) }
    print(summary)
  }

  private func parsedShape() throws -> [Int] {
    let sizes = input.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    try require(
      sizes.count == 4 && sizes.allSatisfy { $0 > 0 }, "summary", "expected an input such as 4x3x256x256, got \(input)")
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
