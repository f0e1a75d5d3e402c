import MartletData

/// Shows a training as it goes, and keeps its figures in the run folder: CSV, TensorBoard events.
final class RunRecorder: TrainerObserver {
  private let files: RunFolder
  private let task: any RunTask
  private let model: String
  private let settings: TrainingSettings
  private var display: ProgressDisplay?
  private var metrics: MetricsFile?
  private var events: EventWriter?

  init(_ files: RunFolder, task: any RunTask, configuration: some RunConfiguration) {
    self.files = files
    self.task = task
    model = configuration.model
    settings = configuration.training
  }

  /// The columns of the CSV file after the epoch.
  static func columns(_ task: any RunTask) -> [String] {
    ["training_loss", "validation_loss", "learning_rate"] + task.metricNames
  }

  func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) throws {
    metrics = try MetricsFile(files.metrics, columns: Self.columns(task), continuingAt: epoch)
    events = try EventWriter(folder: files.events, continuingAt: epoch)
    let display = ProgressDisplay(epochs: epochs, stepsPerEpoch: stepsPerEpoch, sampleName: task.sampleName)
    self.display = display
    display.print("\(model): \(task.model.parameterCount) parameters; \(task.introduction)")
  }

  func stepEnded(_ report: StepReport) throws {
    display?.stepEnded(epoch: report.epoch, step: report.step, loss: report.meanLoss, samples: report.samples)
  }

  func epochEnded(_ report: EpochReport) throws {
    let figures = report.validation.metrics
    try metrics?.append(
      .init(
        epoch: report.epoch,
        values: [report.trainingLoss, report.validation.loss, report.learningRate] + figures.map(\.value)))
    try events?.add(
      scalars: [
        ("loss/training", report.trainingLoss), ("loss/validation", report.validation.loss),
        ("learning_rate", report.learningRate),
      ] + figures.map { ("validation/\($0.name)", $0.value) }, step: report.epoch)
    if let events { try task.addExamples(to: events, epoch: report.epoch) }
    try events?.flush()
    let shown = [("loss", report.trainingLoss), ("validation loss", report.validation.loss)]
    display?.epochEnded(
      epoch: report.epoch,
      figures: shown
        + task.shownMetrics.compactMap { metric, label in
          figures.first { $0.name == metric }.map { (label, $0.value) }
        },
      isBest: report.isBest)
  }

  func trainingEnded(_ outcome: Trainer.Outcome) throws {
    switch outcome {
    case .stoppedEarly:
      display?.print(
        "stopped early: \(task.scoreName) has not risen for \(counted(settings.earlyStopping ?? 0, "epoch"))")
    case .finished: display?.print("finished after \(counted(settings.epochs, "epoch"))")
    case .interrupted: break
    }
    display?.finish()
  }
}
