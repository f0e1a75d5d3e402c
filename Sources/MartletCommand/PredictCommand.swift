import ArgumentParser
import Foundation
import Martlet
import MartletTraining

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write a mask for each image.",
    discussion: """
      Each mask is a PNG with the image's name and size: class indices, with the classes' colours as its palette. \
      A file that cannot be read is reported, the others are done, and the exit code is 2.
      """)

  @Argument(help: ArgumentHelp("A run folder or a weights file.", valueName: "run")) var model: String
  @Argument(help: ArgumentHelp("Images of any size.", valueName: "file")) var files: [String]
  @Option(help: ArgumentHelp("The folder for the masks, made if it is missing.", valueName: "dir"))
  var output: String
  @Flag(help: "Also write each image with its mask drawn over it, as NAME_overlay.png.") var overlay = false

  @OptionGroup var options: NumericsOption

  func run() throws {
    let predicting = try SegmentationFilePredictor(
      URL(filePath: model), files: files, output: output, drawsOverlay: overlay, numerics: options.numerics)
    var failures = 0
    for file in files {
      let mask: String
      do {
        mask = try predicting.predict(file)
      } catch let error as MartletError {
        printError("martlet: \(error)")
        failures += 1
        continue
      }
      try printResult(mask)
    }
    if failures > 0 { throw ExitStatus.badInput }
  }
}
