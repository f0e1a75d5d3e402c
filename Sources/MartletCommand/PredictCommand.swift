import ArgumentParser
import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletTraining

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write a mask for each image, or what may come next for each user.",
    usage: """
      martlet predict RUN FILE … --output DIR [--overlay] [--tile SIZE] [--tta flips] [--instances] [--geojson]
      martlet predict RUN [--top N] [--users FILE | --sequences FILE] [--exclude-seen] [--output FILE]
      """,
    discussion: """
      Each mask is a PNG with the image's name and size: class indices, with the classes' colours as its palette. \
      A file that cannot be read is reported, the others are done, and the exit code is 2. A TIFF may be larger than \
      memory: it is read by parts, predicted in windows and written row by row. Objects, their outlines and an overlay \
      take the whole mask at once. A network for volumes takes NIfTI files and writes .nii.gz with their geometry; \
      --overlap, --blend and --memory are for it too.

      A recommender says for each user of the run's interactions, for those named in a file, or for histories that a \
      file holds, which items are the likeliest to come next. A history is a line of items, oldest first, with blanks, \
      tabs or commas between; of a long one the most recent items are read. Items that the network does not know are \
      reported and left out. A line that nothing is left of is reported, the others are done, and the exit code is 2.

      As CSV there is a line an item, `user,rank,item,score`; as JSON lines an object a user, \
      `{"user": …, "items": [{"item": …, "score": …}, …]}`. For histories, `line` stands in place of `user`.
      """)

  @Argument(help: ArgumentHelp("A run folder or a weights file.", valueName: "run")) var model: String
  @Argument(help: ArgumentHelp("Images of any size, or folders of them.", valueName: "file"))
  var files: [String] = []
  @Option(
    help: ArgumentHelp(
      "The folder for the masks, made if it is missing; a recommender's file. (default: standard output)",
      valueName: "path"))
  var output: String?

  @OptionGroup var outputs: OverwriteFlag

  @OptionGroup(title: "Images") var images: PredictionFlags

  @Option(parsing: .unconditional, help: "Items for each user or history. (default: 10)") var top: Int?
  @Option(help: ArgumentHelp("Users, one a line; - is standard input.", valueName: "file"))
  var users: String?
  @Option(help: ArgumentHelp("Histories, one a line; - is standard input.", valueName: "file"))
  var sequences: String?
  @Option(
    help: ArgumentHelp("A log to take users' histories from. (default: the run's own)", valueName: "file"))
  var interactions: String?
  @Option(help: "How a recommender's items are written. (default: csv)") var format: RecommendationFormat?
  @Flag(help: "Leave out the items of the history.") var excludeSeen = false

  @OptionGroup var options: NumericsOption
  @OptionGroup var precision: PrecisionOption

  func run() throws { try removingDrafts { try predict() } }

  private func predict() throws {
    // Whoever gives images wants masks, whatever the network is.
    if !files.isEmpty, let output { try Folder.checkName(output, "predict") }
    var start = PredictorStart(packed: images.packed, tuning: images.tune)
    start.readAhead()
    let file = try ModelFile(runOrWeights: URL(filePath: model))
    let kind = try file.kind
    let failures: Int
    switch kind {
    case .segmentation:
      try refuse(
        [
          "top": top != nil, "users": users != nil, "sequences": sequences != nil,
          "interactions": interactions != nil, "format": format != nil, "exclude-seen": excludeSeen,
        ], for: kind, "predict")
      failures = try precision(of: model, inferenceDepth: images.inferenceDepth) {
        try predictMasks(file, start)
      }
    case .recommendation:
      try require(
        files.isEmpty, "predict",
        "expected no images, since the network is for \(kind), got \(files.first ?? "")"
      )
      try refuse(images.given, for: kind, "predict")
      try refuse(precision.given, for: kind, "predict")
      failures = try recommend()
    }
    if failures > 0 { throw ExitStatus.badInput }
  }

  private func predictMasks(_ model: ModelFile, _ start: PredictorStart) throws -> Int {
    try require(!files.isEmpty, "predict", "expected images to predict masks for, got none")
    guard let output else { throw MartletError("predict", "expected --output with a folder for the masks") }
    var request = try images.request()
    request.overwrites = outputs.overwrite
    let predicting = try segmentationFilePredictor(
      model, files: files, output: output, request, numerics: options.numerics, start: start,
      report: { printError("martlet: \($0)") })
    if let loss = try predicting.precisionLoss() { printError("martlet: \(loss)") }
    var failures = 0
    for file in predicting.files {
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
    return failures
  }

  private func recommend() throws -> Int {
    var request = RecommendationRequest()
    request.count = top ?? request.count
    request.excludesSeen = excludeSeen
    request.format = format ?? request.format
    request.interactions = interactions
    request.output = output
    request.overwrites = outputs.overwrite
    switch (users, sequences) {
    case (nil, nil): break
    case (let file?, nil): request.source = .users(file)
    case (nil, let file?): request.source = .sequences(file)
    case (.some, .some): throw MartletError("predict", "expected --users or --sequences, got both")
    }
    let predicting = try RecommendationFilePredictor(
      URL(filePath: model), request, numerics: options.numerics, report: { printError("martlet: \($0)") })
    return try predicting.predict { try printResult($0, terminator: "") }
  }
}

extension RecommendationFormat: ExpressibleByArgument {}
