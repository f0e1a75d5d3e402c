import ArgumentParser
import Foundation
import Martlet
import MartletFiles
import MartletTraining

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "See what numbers a network works with, for --precision int8.",
    discussion: """
      Runs a segmentation network over images such as it will be used on, and writes the range of each convolution's \
      input to a file. Some dozen images are enough; they need no masks. Of large images a window of 1024×1024 pixels \
      in the middle is looked at.

      martlet calibrate RUN images --output calibration.json
      martlet predict RUN images --output masks --precision int8 --calibration calibration.json
      """)

  @Argument(help: ArgumentHelp("A run folder or a weights file.", valueName: "run")) var model: String
  @Argument(help: ArgumentHelp("Images, or folders of them.", valueName: "file")) var files: [String]
  @Option(help: ArgumentHelp("The JSON file to write.", valueName: "file")) var output: String
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "unet++ with deep supervision: the depth that will be used. (default: the network's own)",
      valueName: "depth"))
  var inferenceDepth: Int?
  @OptionGroup var options: NumericsOption
  @OptionGroup var outputs: OverwriteFlag

  func run() throws {
    try removingDrafts {
      let url = URL(filePath: model)
      try require(
        try ModelFile(runOrWeights: url).kind == .segmentation, "calibrate",
        "expected a network for segmentation, got a recommender")
      try calibrateSegmentation(
        url, images: files, output: output, overwrites: outputs.overwrite, inferenceDepth: inferenceDepth,
        numerics: options.numerics)
      try printResult("wrote \(output)")
    }
  }
}
