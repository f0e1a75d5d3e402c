import ArgumentParser
import Foundation
import MartletTraining

struct PreviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preview", abstract: "Draw training images as the network is given them.",
    discussion: """
      Draws the first samples of an epoch with the run's crops and augmentation, masks outlined and tinted in their \
      classes' colours, on one sheet. Pixels that count in no loss are hatched. Nothing is trained.
      """)

  @Argument(help: ArgumentHelp("A YAML file for `martlet train`, or a run folder.", valueName: "run.yaml"))
  var source: String
  @Option(help: ArgumentHelp("The picture to write: .png, .jpg or .tif.", valueName: "file")) var output:
    String
  @Option(parsing: .unconditional, help: "How many samples.") var count = 16
  @Option(parsing: .unconditional, help: "Samples in a row.") var columns = 4
  @Option(parsing: .unconditional, help: "The epoch, from 0.") var epoch = 0
  @OptionGroup var files: OverwriteFlag

  func run() throws {
    try removingDrafts {
      try writeSegmentationPreview(
        of: URL(filePath: source), to: output, count: count, columns: columns, epoch: epoch,
        overwriting: files.overwrite)
    }
    try printResult("wrote \(output)")
  }
}
