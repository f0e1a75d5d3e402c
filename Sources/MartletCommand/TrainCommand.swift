import ArgumentParser
import Foundation
import Martlet
import MartletTraining

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network, from flags or a YAML file, or go on with a run.",
    usage: """
      martlet train segmentation --images DIR --masks DIR --output RUN [flags]
      martlet train run.yaml [flags]
      martlet train --resume RUN
      """,
    discussion: """
      A YAML file holds the flags of `train segmentation` by their names without dashes, such as `base-channels: 32`; \
      flags behind it go on top. `--resume RUN` goes on with a run that was stopped, as it began and without other \
      flags, and ends with the bytes of a run that never was.
      """,
    subcommands: [TrainSegmentationCommand.self, TrainFromFileCommand.self],
    defaultSubcommand: TrainFromFileCommand.self)
}

struct TrainSegmentationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segmentation",
    abstract: "Train a segmentation network on a folder of images and one of masks.",
    discussion: """
      Images and masks are paired by file name; PNG, JPEG and TIFF are read. Everything is checked before the \
      first step. The run folder holds the configuration, checkpoints, metrics.csv, TensorBoard events, \
      model.safetensors with PyTorch's names, and report.html.
      """)

  @OptionGroup var flags: SegmentationFlags

  func run() throws { try train(flags.applied(to: SegmentationConfiguration())) }
}

/// `martlet train run.yaml` and `martlet train --resume RUN`.
struct TrainFromFileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "from", abstract: "Train as a YAML file says, or go on with a run.", shouldDisplay: false)

  @Argument(help: "A YAML file whose keys are the flags' names.")
  var file: String?

  @Option(help: ArgumentHelp("Go on with the run in this folder.", valueName: "run"))
  var resume: String?

  @OptionGroup var flags: SegmentationFlags

  func run() throws {
    switch (file, resume) {
    case (nil, let run?):
      let untouched = SegmentationConfiguration()
      try require(
        flags.applied(to: untouched) == untouched, "train",
        "expected no other flags with --resume: a run goes on as it began")
      try resumeTraining(URL(filePath: run))
    case (let file?, nil):
      try train(flags.applied(to: ConfigurationFile.read(URL(filePath: file))))
    case (nil, nil):
      throw MartletError(
        "train", "expected `segmentation`, a YAML file or --resume RUN; see `martlet train --help`")
    case (.some, .some):
      throw MartletError("train", "expected a YAML file or --resume RUN, got both")
    }
  }
}

private func train(_ configuration: SegmentationConfiguration) throws {
  try finish(SegmentationRun.start(configuration))
}

private func resumeTraining(_ folder: URL) throws {
  try finish(SegmentationRun.resume(folder))
}

private func finish(_ run: SegmentationRun) throws {
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
}
