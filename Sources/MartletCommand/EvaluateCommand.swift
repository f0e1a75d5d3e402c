import ArgumentParser
import Foundation
import Martlet
import MartletData
import MartletTraining

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained network.",
    discussion: """
      A segmentation network is measured on images with masks. Without --images and --masks, the run's own validation \
      images are used, also when others have come to their folder.

      A recommender is measured on each user's last interaction, or the one before it, ranked among all items.
      """)

  @Argument(help: ArgumentHelp("A run folder.", valueName: "run")) var folder: String
  @Option(help: ArgumentHelp("Folder of images.", valueName: "dir")) var images: String?
  @Option(
    help: ArgumentHelp(
      "Folder of their masks, or the file or folder of their annotations.", valueName: "path"))
  var masks: String?
  @Option(help: "How they are stored, as in training. (default: auto)") var format: DatasetFormat?
  @Option(help: ArgumentHelp("A log of interactions. (default: the run's own)", valueName: "file"))
  var interactions: String?
  @Option(help: "Each user's last interaction, or the one before it. (default: test)")
  var split: RecommendationSplit?
  @Option(
    parsing: .unconditional,
    help: "Images or histories in a batch. (default: 8 images; histories as in training)")
  var batchSize: Int?
  @OptionGroup var options: NumericsOption
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try require(
      (images == nil) == (masks == nil), "evaluate", "expected --images and --masks together, got one of them"
    )
    let run = URL(filePath: folder)
    let kind = try ModelFile(runOrWeights: run).kind
    switch kind {
    case .segmentation:
      try refuse(["interactions": interactions != nil, "split": split != nil], for: kind, "evaluate")
      let evaluation = try evaluateSegmentation(
        run, images: images.map { URL(filePath: $0) }, masks: masks.map { URL(filePath: $0) },
        format: format ?? .auto, batchSize: batchSize ?? 8, numerics: options.numerics)
      try printResult(json ? try evaluation.json() : evaluation.table)
    case .recommendation:
      try refuse(
        ["images": images != nil, "masks": masks != nil, "format": format != nil], for: kind, "evaluate")
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
