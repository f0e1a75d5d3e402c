import ArgumentParser
import Foundation
import Martlet
import MartletData
import MartletTraining

struct TrainCommand: ParsableCommand {
  fileprivate static let fileUsage = """
    martlet train run.yaml [flags]
    martlet train --resume RUN
    """

  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network, from flags or a YAML file, or go on with a run.",
    usage: """
      martlet train segmentation --images DIR [--masks DIR] --output RUN [flags]
      martlet train recommendation --interactions FILE --output RUN [flags]
      \(fileUsage)
      """,
    discussion: """
      A YAML file holds the flags of `train segmentation` by their names without dashes, such as `base-channels: 32`, \
      or, after `task: recommendation`, those of `train recommendation`; flags behind it go on top. Several values are \
      a list, such as `class-weights: [0.5, 1]`, and so are classes, by their names: `classes: [background, cell]`. \
      Names with values are a mapping, such as `learning-rate-factors: {encoder: 0.1}`, and a switch is true or false, \
      such as `batch-norm: false`. Relative paths are those from the working directory. `--resume RUN` goes on with a \
      run that was stopped, as it began and without other flags, and ends with the bytes of a run that never was.
      """,
    subcommands: [TrainSegmentationCommand.self, TrainRecommendationCommand.self, TrainFromFileCommand.self],
    defaultSubcommand: TrainFromFileCommand.self)
}

struct TrainSegmentationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segmentation",
    abstract: "Train a segmentation network on a folder of images and one of masks.",
    discussion: """
      Images and masks are paired by file name, but for a suffix such as `_mask`, `-gt`, `.label` or `_img`; masks \
      with one may lie beside their images, or both in folders `images` and `masks` of one: that is then given as \
      --images alone. PNG, JPEG and TIFF are read. Everything is checked before the first step. The run folder holds \
      the configuration, checkpoints, metrics.csv, TensorBoard events, model.safetensors with PyTorch's names, and \
      report.html.

      Losses, with the defaults of their parameters (smp is segmentation_models.pytorch):
      \(SegmentationLoss.help)

      Steps of augmentation in a YAML file, such as `augmentation: {rotation: {degrees: 30}}`, with their parameters, \
      the defaults, and what each can be; `fill: ignore` among them leaves what a window shows past the image's edge \
      out of the loss, in place of `fill: reflect`:
      \(AugmentationPipeline.help)
      """)

  @OptionGroup(title: "Data") var data: SegmentationFlags
  @OptionGroup(title: "Network") var model: ModelFlags
  @OptionGroup(title: "Network") var network: SegmentationNetworkFlags
  @OptionGroup(title: "Training") var training: TrainingFlags

  func run() throws {
    try start(SegmentationConfiguration()) {
      model.apply(to: &$0)
      network.apply(to: &$0)
      training.apply(to: &$0)
      try data.apply(to: &$0)
    }
  }
}

struct TrainRecommendationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommendation",
    abstract: "Train a network that says what comes next, on a log of what users did.",
    discussion: """
      Each user's last interaction is kept for testing and the one before it for validation; each earlier one, with \
      what came before it, is a training example. The best epoch is the one with the highest NDCG@10 among all items. \
      The run folder holds the configuration, checkpoints, metrics.csv, TensorBoard events, model.safetensors with \
      PyTorch's names, and report.html.
      """)

  @OptionGroup(title: "Data and network") var flags: RecommendationFlags
  @OptionGroup(title: "Data and network") var model: ModelFlags
  @OptionGroup(title: "Training") var training: TrainingFlags

  func run() throws {
    try start(RecommendationConfiguration()) {
      model.apply(to: &$0)
      training.apply(to: &$0)
      flags.apply(to: &$0)
    }
  }
}

/// `martlet train run.yaml` and `martlet train --resume RUN`.
struct TrainFromFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "from", abstract: "Train as a YAML file says, or go on with a run.",
    usage: TrainCommand.fileUsage, shouldDisplay: false)

  @Argument(help: "A YAML file whose keys are the flags' names.")
  var file: String?

  @Option(help: ArgumentHelp("Go on with the run in this folder.", valueName: "run"))
  var resume: String?

  @OptionGroup(title: "Flags of train segmentation") var segmentation: SegmentationFlags
  @OptionGroup(title: "Flags of train segmentation") var network: SegmentationNetworkFlags
  @OptionGroup(title: "Flags of train recommendation") var recommendation: RecommendationFlags
  @OptionGroup(title: "Flags of both") var model: ModelFlags
  @OptionGroup(title: "Flags of both") var training: TrainingFlags

  private var segmentationFlags: [String] { segmentation.givenFlags + network.givenFlags }

  func run() throws {
    switch (file, resume) {
    case (nil, let run?):
      let others =
        segmentationFlags + recommendation.givenFlags + model.givenFlags + training.givenFlags
      if let flag = others.first {
        throw MartletError(
          "train", "expected no other flags with --resume, since a run goes on as it began, got --\(flag)")
      }
      try finish(resumeRun(URL(filePath: run)))
    case (let file?, nil):
      let kinds = RunKind.allCases.map(\.rawValue)
      if !FileManager.default.fileExists(atPath: file), let kind = nearestName(to: file, in: kinds) {
        throw MartletError(
          "train", "expected a YAML file, got \(file), which does not exist; did you mean \(kind)?")
      }
      let url = URL(filePath: file)
      let kind = try ConfigurationFile.kind(of: url)
      // Flags of another kind than the file's would change nothing.
      let strange = kind == .segmentation ? recommendation.givenFlags : segmentationFlags
      if let flag = strange.first {
        throw MartletError("train", "expected flags of \(kind), which \(file) is for, got --\(flag)")
      }
      switch kind {
      case .segmentation:
        try start(ConfigurationFile.read(url, as: SegmentationConfiguration.self)) {
          model.apply(to: &$0)
          network.apply(to: &$0)
          training.apply(to: &$0)
          try segmentation.apply(to: &$0)
        }
      case .recommendation:
        try start(ConfigurationFile.read(url, as: RecommendationConfiguration.self)) {
          model.apply(to: &$0)
          training.apply(to: &$0)
          recommendation.apply(to: &$0)
        }
      }
    case (nil, nil):
      let kinds = RunKind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
      throw MartletError(
        "train", "expected \(kinds), a YAML file or --resume RUN; see `martlet train --help`")
    case (.some, .some):
      throw MartletError("train", "expected a YAML file or --resume RUN, got both")
    }
  }
}

private func start<Configuration: RunConfiguration>(
  _ base: Configuration, applying flags: (inout Configuration) throws -> Void
) throws {
  var configuration = base
  try flags(&configuration)
  try finish(TrainingRun.start(configuration))
}

private func finish(_ run: any StartedRun) throws {
  let stop = StopSignal {
    // On a terminal the line of progress is being drawn.
    let start = isatty(STDERR_FILENO) == 1 ? "\n" : ""
    printError(start + "stopping after this step; press again to quit at once")
  }
  stop.listen()
  defer { stop.ignore() }
  if try run.train(stop: stop) == .interrupted {
    printError("stopped and saved; go on with: martlet train --resume \(run.folder.path)")
    throw ExitStatus.interrupted
  }
  let files = RunFolder(run.folder)
  try printResult("wrote \(files.url.relativePath), with \(files.report.relativePath) to look at")
}
