import ArgumentParser
import Martlet
import MartletONNX
import MartletTraining

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a network as an ONNX file.",
    usage: """
      martlet export RUN --output FILE [--weights FILE] [--size 256x256] [--result labels]
      martlet export unet --weights FILE --output FILE [--set base-channels=16 --set classes=2 …]
      """,
    discussion: """
      ONNX Runtime, OpenVINO and others run the file. A segmentation network reads `image`, [N, C, H, W], and gives \
      `logits`, a score for each class and pixel; a recommender reads `items`, [N, L], filled up with 0 on the right, and \
      gives `scores`, one for each item.

      The file takes any batch, and images of any size that the network takes; --batch and --size fix them, which some \
      engines need or run faster. How images have to be normalised, which sizes fit, and what classes and items are called \
      is in the file's metadata, under keys that begin with `martlet.`.
      """)

  @Argument(help: "A run folder, a weights file that training wrote, a YAML file, or an architecture's name.")
  var model: String
  @Option(help: "The file's format; there is one.") var format = ExportFormat.onnx
  @Option(help: ArgumentHelp("The file to write.", valueName: "file")) var output: String
  @Option(help: ArgumentHelp("Weights: safetensors, or PyTorch's .pt or .pth.", valueName: "file"))
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "A key of the network's configuration and its value, or `classes` and their number. (default: 2 classes)",
      valueName: "key=value"))
  var set: [String] = []
  @Option(parsing: .unconditional, help: "Channels of the images, for a network by name.") var channels = 3
  @Option(help: "What pixels get: logits, probabilities or labels.") var result = NetworkExport.Result.logits
  @Option(parsing: .unconditional, help: "The only size of batches. (default: any)") var batch: Int?
  @Option(
    help: ArgumentHelp("The only size of images or volumes. (default: any that fits)", valueName: "HxW"))
  var size: String?
  @Option(
    parsing: .unconditional,
    help: "The operators' version, \(ONNXExport.opsets.lowerBound) to \(ONNXExport.opsets.upperBound).")
  var opset = ONNXExport.Options().opset
  @OptionGroup var files: OverwriteFlag

  func run() throws {
    var export = NetworkExport(model: model, output: output)
    export.overwrites = files.overwrite
    export.settings = set
    export.weights = weights
    export.channels = channels
    export.result = result
    export.batch = batch
    export.size = try size.map(sizes)
    export.opset = opset
    export.version = MartletCommand.configuration.version
    try removingDrafts {
      let summary = try export.run()
      for axis in summary.fixedAxes { try printResult("\(axis)") }
    }
    try printResult("wrote \(output)")
  }

  private func sizes(_ text: String) throws -> [Int] {
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    try require(
      (2...3).contains(sizes.count) && sizes.allSatisfy { (1...(1 << 20)).contains($0) }, "export",
      "expected a size such as 256x320, or 64x64x64 for volumes, got \(text)")
    return sizes
  }
}

/// The formats that networks can be written in.
enum ExportFormat: String, CaseIterable, ExpressibleByArgument { case onnx }

extension NetworkExport.Result: ExpressibleByArgument {}
