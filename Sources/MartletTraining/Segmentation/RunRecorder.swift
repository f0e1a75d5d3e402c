import Foundation
import Martlet
import MartletData

/// Shows a segmentation training as it goes, and keeps its figures in the run folder: CSV, TensorBoard events.
final class RunRecorder: TrainerObserver {
  private let files: RunFolder
  private let task: SegmentationTask
  private let configuration: SegmentationConfiguration
  private let columns: [String]
  private var display: ProgressDisplay?
  private var metrics: MetricsFile?
  private var events: EventWriter?

  init(_ files: RunFolder, task: SegmentationTask, configuration: SegmentationConfiguration) throws {
    self.files = files
    self.task = task
    self.configuration = configuration
    columns = Self.columns(task.description)
  }

  /// The columns of the CSV file after the epoch.
  static func columns(_ description: SegmentationModelDescription) -> [String] {
    let names = description.options.classes?.map(\.name) ?? []
    let figures = SegmentationEvaluation(
      loss: 0, confusion: ConfusionMatrix(classCount: max(names.count, 1)), classNames: names, images: [])
    return ["training_loss", "validation_loss", "learning_rate"] + figures.namedMetrics.map(\.name)
  }

  func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) throws {
    metrics = try MetricsFile(files.metrics, columns: columns, continuingAt: epoch)
    events = try EventWriter(folder: files.events, continuingAt: epoch)
    let display = ProgressDisplay(epochs: epochs, stepsPerEpoch: stepsPerEpoch)
    self.display = display
    let names = (task.description.options.classes ?? []).map(\.name).joined(separator: ", ")
    display.print(
      "\(configuration.model): \(task.model.parameterCount) parameters; \(task.samplesPerEpoch) training and "
        + "\(counted(task.validationSet.count, "validation image")); classes \(names)")
  }

  func stepEnded(_ report: StepReport) throws {
    display?.stepEnded(epoch: report.epoch, step: report.step, loss: report.meanLoss, images: report.samples)
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
    if let index = task.lastEvaluation?.images.first?.index {
      let example = try SegmentationExample(task.validationSet, index, task.predictor)
      try events?.add(image: "example/image", png: example.input, step: report.epoch)
      try events?.add(image: "example/truth", png: example.truth, step: report.epoch)
      try events?.add(image: "example/prediction", png: example.prediction, step: report.epoch)
    }
    try events?.flush()
    let shown = [("loss", report.trainingLoss), ("validation loss", report.validation.loss)]
    let names = ["mean_iou": "mean IoU", "pixel_accuracy": "accuracy"]
    display?.epochEnded(
      epoch: report.epoch,
      figures: shown + figures.compactMap { figure in names[figure.name].map { ($0, figure.value) } },
      isBest: report.isBest)
  }

  func trainingEnded(_ outcome: Trainer.Outcome) throws {
    if outcome == .stoppedEarly {
      display?.print("stopped early: mean IoU has not risen for \(configuration.earlyStopping ?? 0) epochs")
    }
    display?.finish()
  }
}
