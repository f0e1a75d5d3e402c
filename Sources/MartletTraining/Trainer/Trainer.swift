import Foundation
import Martlet
import MartletInterchange

/// Trains a task epoch by epoch, keeps checkpoints, and can be stopped and resumed anywhere.
///
/// A run that is stopped and resumed, however often, ends with the same bytes as one that was not: every random number
/// is a function of seed, epoch and position, sums have a fixed order, and a checkpoint holds everything else.
public final class Trainer {
  /// How a call of ``run(stop:observer:)`` ended.
  public enum Outcome: Hashable, Sendable {
    /// All epochs are done.
    case finished
    /// Ended before the last epoch because the score had stopped rising.
    case stoppedEarly
    /// A stop was asked for; the checkpoint is where it goes on from.
    case interrupted
  }

  private let task: any TrainingTask
  private let options: Options
  private let files: TrainingFiles
  private let updates: ModelUpdates
  private var progress: TrainingProgress
  /// What checkpoints say of how the run is decided.
  private let configuration: String?

  /// A training from the model's present parameters.
  ///
  /// - Throws: ``MartletError`` for options that cannot be meant, and for batches that cannot be trained on.
  public convenience init(_ task: any TrainingTask, options: Options, files: TrainingFiles) throws {
    try self.init(task, options: options, files: files, configuration: nil)
  }

  /// The training that a checkpoint holds.
  ///
  /// - Throws: ``MartletError`` when the checkpoint is missing, damaged, of another model or of other data; also what
  ///   ``init(_:options:files:)`` throws.
  public convenience init(resuming task: any TrainingTask, options: Options, files: TrainingFiles) throws {
    try self.init(resuming: task, options: options, files: files, configuration: nil)
  }

  convenience init(
    _ task: any TrainingTask, options: Options, files: TrainingFiles, configuration: String?
  ) throws {
    try self.init(task, options, files, configuration, TrainingProgress())
    try updates.prepare()
  }

  convenience init(
    resuming task: any TrainingTask, options: Options, files: TrainingFiles, configuration: String?
  ) throws {
    let checkpoint = try Checkpoint(contentsOf: files.checkpoint)
    if let data = checkpoint.data { try task.checkData(since: data) }
    try task.model.loadStateDict(checkpoint.model, source: files.checkpoint.path)
    try self.init(task, options, files, configuration, checkpoint.progress)
    try updates.load(checkpoint)
    if !isFinished { try updates.prepare() }
  }

  private init(
    _ task: any TrainingTask, _ options: Options, _ files: TrainingFiles, _ configuration: String?,
    _ progress: TrainingProgress
  ) throws {
    try options.check()
    self.task = task
    self.options = options
    self.files = files
    self.configuration = configuration
    self.progress = progress
    updates = try ModelUpdates(task, options)
  }

  /// Whether there is nothing left to do.
  public var isFinished: Bool { progress.isFinished }

  /// Trains to the end, or until a stop is asked for.
  ///
  /// - Throws: ``MartletError`` when a loss is not finite, naming the step and the first layer whose output is not, or the
  ///   epoch whose validation it was; the checkpoint is then the last good one, or the one from before the validation.
  ///   Also what reading data or writing files throws.
  public func run(stop: StopSignal = StopSignal(), observer: any TrainerObserver) throws -> Outcome {
    try observer.trainingStarts(at: progress.epoch, of: options.epochs, stepsPerEpoch: stepsPerEpoch)
    while !progress.isFinished {
      guard try runEpoch(stop, observer) else {
        try save()
        try observer.trainingEnded(.interrupted)
        return .interrupted
      }
    }
    let endedEarly = progress.endedEarly ?? (progress.epoch < options.epochs)
    let outcome = endedEarly ? Outcome.stoppedEarly : .finished
    try observer.trainingEnded(outcome)
    return outcome
  }

  /// Runs what is left of the epoch, validates and saves. `false` when a stop was asked for before its end.
  private func runEpoch(_ stop: StopSignal, _ observer: any TrainerObserver) throws -> Bool {
    let epoch = progress.epoch
    let source = try task.batches(epoch: epoch, startingAt: batchRange(ofStep: progress.step).lowerBound)
    while progress.step < stepsPerEpoch {
      if stop.isRequested { return false }
      let batches = try batchRange(ofStep: progress.step).map { index in
        guard let batch = try source.next() else {
          throw MartletError(
            "training", "expected \(task.stepsPerEpoch) batches in epoch \(epoch + 1), got \(index)")
        }
        return batch
      }
      try observer.stepEnded(runStep(batches))
    }
    if stop.isRequested { return false }
    // What validation needs may be what the machine does not have; the epoch is not to be lost with it.
    try save()
    try endEpoch(observer)
    return true
  }

  /// Updates in an epoch.
  private var stepsPerEpoch: Int { options.rules.updates(for: task.stepsPerEpoch) }

  /// The batches of an epoch that a step takes: none where all steps are done.
  private func batchRange(ofStep step: Int) -> Range<Int> {
    let count = options.rules.accumulation
    return min(step * count, task.stepsPerEpoch)..<min((step + 1) * count, task.stepsPerEpoch)
  }

  private func endEpoch(_ observer: any TrainerObserver) throws {
    try updates.withAveragedWeights { try judgeEpoch(observer) }
    progress.epoch += 1
    progress.step = 0
    progress.lossSum = 0
    progress.sampleCount = 0
    let isComplete = progress.epoch >= options.epochs
    let isStale = progress.epoch - 1 - progress.bestEpoch >= options.earlyStopping ?? .max
    if isComplete || isStale {
      progress.isFinished = true
      progress.endedEarly = !isComplete
    }
    try save()
  }

  /// Validates, keeps the weights if they are the best, and tells the observer.
  private func judgeEpoch(_ observer: any TrainerObserver) throws {
    let rate = learningRate(at: progress.totalSteps - 1)
    let validation = try task.validate()
    try require(
      validation.loss.isFinite && validation.score.isFinite, "training",
      "validation loss \(Self.text(validation.loss)) and score \(Self.text(validation.score)) "
        + "after epoch \(progress.epoch + 1); its weights are not kept as the best, and the checkpoint is that from "
        + "before the validation")
    let isBest = progress.bestScore.map { validation.score > $0 } ?? true
    if isBest {
      progress.bestScore = validation.score
      progress.bestEpoch = progress.epoch
      try saveSafetensors(task.model.stateDict, metadata: task.modelDescription, to: files.model)
    }
    let report = EpochReport(
      epoch: progress.epoch, trainingLoss: meanLoss,
      learningRate: rate, validation: validation, isBest: isBest)
    try observer.epochEnded(report)
  }

  /// Mean over the epoch's samples so far that had a loss.
  private var meanLoss: Double {
    progress.sampleCount == 0 ? .nan : progress.lossSum / Double(progress.sampleCount)
  }

  /// Makes a step of the batches that have a loss; where there are none it passes without an update.
  private func runStep(_ batches: [TrainingBatch]) throws -> StepReport {
    let rate = learningRate(at: progress.totalSteps)
    let used = batches.filter(\.hasLoss)
    let losses = try update(used, rate)
    for (batch, loss) in zip(used, losses) {
      progress.lossSum += loss * Double(batch.count)
      progress.sampleCount += batch.count
    }
    if used.isEmpty { progress.stepsWithoutUpdate = (progress.stepsWithoutUpdate ?? 0) + 1 }
    progress.step += 1
    progress.totalSteps += 1
    return StepReport(
      epoch: progress.epoch, step: progress.step,
      loss: losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count), meanLoss: meanLoss,
      samples: batches.reduce(0) { $0 + $1.count }, learningRate: rate)
  }

  /// - Returns: The loss of each batch.
  private func update(_ batches: [TrainingBatch], _ rate: Double) throws -> [Double] {
    if batches.isEmpty { return [] }
    let step = progress.totalSteps
    do {
      return try updates.step(
        batches.map(\.tensors), learningRate: rate, step: step, update: progress.updates, seed: options.seed)
    } catch let failure as ModelUpdates.NotFinite {
      throw MartletError(
        "training",
        "\(failure.what) at step \(step + 1) (epoch \(progress.epoch + 1)): the first value that is not finite is "
          + "\(failure.cause ?? "the loss"); the parameters were not updated and \(checkpointState)")
    }
  }

  private var checkpointState: String {
    FileManager.default.fileExists(atPath: files.checkpoint.path)
      ? "the last checkpoint is kept" : "there is no checkpoint yet"
  }

  /// A number as it is shown; the sign of what is not a number means nothing.
  static func text(_ value: Double) -> String { value.isNaN ? "nan" : "\(value)" }

  private func learningRate(at step: Int) -> Double {
    let perEpoch = Double(stepsPerEpoch)
    return options.learningRate
      * options.schedule.factor(
        step: step, totalSteps: options.epochs * stepsPerEpoch,
        warmUpSteps: Int((options.warmUpEpochs * perEpoch).rounded()))
  }

  private func save() throws {
    try updates.checkpoint(progress: progress, data: task.data, configuration: configuration)
      .write(to: files.checkpoint)
  }
}
