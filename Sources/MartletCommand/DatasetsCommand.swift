import ArgumentParser
import Foundation
import Martlet
import MartletData

struct DatasetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets", abstract: "Look at data before training on it.",
    subcommands: [InspectDatasetCommand.self])
}

struct InspectDatasetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Count a dataset's images and classes, and list what is wrong with it.",
    discussion: """
      Give a folder of images and its masks: a folder of them, or the file or folder of annotations (COCO, CVAT, \
      LabelMe, a list of Pascal VOC). One path is enough where it holds both. Folders of NIfTI files are volumes. \
      Everything is read once. The exit code is 2 where there are problems that training would stop at.
      """)

  @Argument(help: ArgumentHelp("Images, and masks or annotations.", valueName: "path")) var paths: [String]
  @Option(help: "How they are stored.") var format = DatasetFormat.auto
  @Option(help: "How masks name classes; see `martlet train segmentation --help`.")
  var maskEncoding = MaskEncoding.automatic
  @Option(
    help: ArgumentHelp(
      "A class table: a name a line, with `r g b` or `#rrggbb` behind it for colour masks.", valueName: "file"
    ))
  var classes: String?
  @Option(parsing: .unconditional, help: "A mask value that takes no part in loss and metrics.")
  var ignoreIndex: Int?
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try require(
      (1...2).contains(paths.count), "inspect", "expected one path or two, got \(paths.count)")
    let table = try classes.map { try SegmentationClass.table(contentsOf: $0) }
    let options = SegmentationOptions(
      encoding: maskEncoding, classes: table, ignoreIndex: ignoreIndex)
    let report = try DatasetReport(
      images: URL(filePath: paths[0]), masks: paths.count == 2 ? URL(filePath: paths[1]) : nil,
      format: format,
      options: options)
    try printResult(json ? report.json() : report.table)
    if !report.problems.isEmpty { throw ExitStatus.badInput }
  }
}

extension DatasetFormat: ExpressibleByArgument {}
extension MaskEncoding: ExpressibleByArgument {}
