import ArgumentParser
import Foundation
import Martlet
import MartletTraining

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained network on images with masks.",
    discussion:
      "Without --images and --masks, the run's own validation images are used, also when others have come to their folder."
  )

  @Argument(help: ArgumentHelp("A run folder.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("Folder of images.", valueName: "dir")) var images: String?
  @Option(help: ArgumentHelp("Folder of their masks.", valueName: "dir")) var masks: String?
  @Option(parsing: .unconditional, help: "Images in a batch.") var batchSize = 8
  @OptionGroup var options: NumericsOption
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try require(
      (images == nil) == (masks == nil), "evaluate", "expected --images and --masks together, got one of them"
    )
    let evaluation = try evaluateSegmentation(
      URL(filePath: folder), images: images.map { URL(filePath: $0) }, masks: masks.map { URL(filePath: $0) },
      batchSize: batchSize, numerics: options.numerics)
    try printResult(json ? try evaluation.json() : evaluation.table)
  }
}
