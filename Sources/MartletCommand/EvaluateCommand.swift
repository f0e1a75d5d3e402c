import ArgumentParser
import Foundation
import Martlet
import MartletData
import MartletTraining

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained network.",
    discussion: """
      A segmentation network is measured on images with masks: pixels, objects, distances between surfaces, and \
      calibration. Without --images, the run's own validation images are used; others that have come to their folder \
      with masks are left out.

      A recommender is measured on each user's last interaction, or the one before it, ranked among all items.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run folder; or a segmentation network's weights file, with --images.", valueName: "run"))
  var folder: String
  @Option(help: ArgumentHelp("Folder of images.", valueName: "dir")) var images: String?
  @Option(
    help: ArgumentHelp(
      "Folder of their masks, or the file or folder of their annotations. (default: where the images are)",
      valueName: "path"))
  var masks: String?
  @Option(help: "How they are stored, as in training. (default: auto)") var format: DatasetFormat?
  @Option(help: "How they name classes, as in training. (default: as the run's masks)")
  var maskEncoding: MaskEncoding?
  @Option(
    parsing: .unconditional,
    help: "A mask value that takes no part in loss and metrics. (default: as the run's)")
  var ignoreIndex: Int?
  @Option(help: ArgumentHelp("A log of interactions. (default: the run's own)", valueName: "file"))
  var interactions: String?
  @Option(help: "Each user's last interaction, or the one before it. (default: test)")
  var split: RecommendationSplit?
  @Option(
    parsing: .unconditional,
    help: "Images or histories in a batch. (default: 8 images; histories as in training; volumes have none)")
  var batchSize: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "Count objects of images, and their average precision at IoU 0.50 to 0.95. (default: --instances)")
  var instances: Bool?
  @Flag(
    inversion: .prefixedNo,
    help: "Measure Hausdorff and surface distances, which takes longest. (default: --distances)")
  var distances: Bool?
  @Option(
    parsing: .upToNextOption,
    help: """
      Height and width of a pixel, for distances, such as 0.5 0.5; of volumes depth, height and width. (default: 1 1; \
      each volume's own)
      """)
  var spacing: [Double] = []
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "unet++ with deep supervision: the depth whose head is measured. (default: the network's own)",
      valueName: "depth"))
  var inferenceDepth: Int?
  @OptionGroup var options: NumericsOption
  @OptionGroup var precision: PrecisionOption
  @Flag(help: "Print JSON.") var json = false

  private var measures: SegmentationMeasures {
    var measures = SegmentationMeasures.all
    if instances == false { measures.remove(.instances) }
    if distances == false { measures.remove(.distances) }
    return measures
  }

  func run() throws {
    let run = URL(filePath: folder)
    let kind = try ModelFile(runOrWeights: run).kind
    switch kind {
    case .segmentation:
      try require(
        spacing.isEmpty || distances != false, "evaluate",
        "expected no --spacing with --no-distances, which is for distances alone")
      try refuse(["interactions": interactions != nil, "split": split != nil], for: kind, "evaluate")
      let evaluation = try precision(of: folder, inferenceDepth: inferenceDepth) {
        try evaluateSegmentation(
          run, images: images.map { URL(filePath: $0) }, masks: masks.map { URL(filePath: $0) },
          format: format, maskEncoding: maskEncoding, ignoreIndex: ignoreIndex, batchSize: batchSize,
          measures: measures,
          spacing: spacing.isEmpty ? nil : spacing, inferenceDepth: inferenceDepth,
          numerics: options.numerics)
      }
      try printResult(json ? try evaluation.json() : evaluation.table)
    case .recommendation:
      try refuse(
        [
          "images": images != nil, "masks": masks != nil, "format": format != nil,
          "mask-encoding": maskEncoding != nil, "ignore-index": ignoreIndex != nil,
          "instances": instances != nil, "distances": distances != nil, "spacing": !spacing.isEmpty,
          "inference-depth": inferenceDepth != nil,
        ], for: kind, "evaluate")
      try refuse(precision.given, for: kind, "evaluate")
      let result = try evaluateRecommendation(
        run, interactions: interactions, split: split ?? .test, batchSize: batchSize,
        numerics: options.numerics)
      try printResult(json ? try result.json() : result.table)
    }
  }
}

/// Refuses flags that are given and mean nothing for a kind of network.
func refuse(_ flags: KeyValuePairs<String, Bool>, for kind: RunKind, _ command: String) throws {
  if let flag = flags.first(where: \.value) {
    throw MartletError(command, "expected no --\(flag.key), since the network is for \(kind)")
  }
}

extension RecommendationSplit: ExpressibleByArgument {}
