import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletInterchange
import MartletModels

/// A segmentation training with its run folder: what `martlet train segmentation` does.
public final class SegmentationRun {
  public let folder: URL
  public let configuration: SegmentationConfiguration
  private let task: SegmentationTask
  private let trainer: Trainer
  private let files: RunFolder

  /// Prepares a new run: checks the configuration and all data, and makes the run folder.
  ///
  /// - Throws: ``MartletError`` naming what is wrong, before anything is written.
  public static func start(_ given: SegmentationConfiguration) throws -> SegmentationRun {
    var configuration = given
    try configuration.check()
    let files = RunFolder(URL(filePath: configuration.output))
    try files.checkIsNew()
    configuration.makePathsAbsolute()
    let (training, validation) = try configuration.datasets()
    let normalization = training.normalization()
    let description = try configuration.modelDescription(training, normalization)
    let network = try withSeed(configuration.seed) { try description.makeNetwork() }
    if let weights = configuration.weights {
      try network.loadStateDict(loadSafetensors(URL(filePath: weights)), source: weights)
    }
    let task = try SegmentationTask(
      network: network, description: description, training: training, validation: validation,
      configuration: configuration)
    let trainer = try Trainer(
      task, options: configuration.trainerOptions(stepsPerEpoch: task.stepsPerEpoch),
      files: files.trainingFiles)
    try files.create()
    try AtomicFile.write(ConfigurationFile.write(configuration), to: files.configuration.path)
    return SegmentationRun(files, configuration, task, trainer)
  }

  /// Goes on with a run where its last checkpoint is.
  ///
  /// - Throws: ``MartletError`` when the folder is not a run, the checkpoint is damaged, or the data has changed.
  public static func resume(_ folder: URL) throws -> SegmentationRun {
    let files = RunFolder(folder)
    try require(
      FileManager.default.fileExists(atPath: files.configuration.path), "resume",
      "\(folder.path) is not a run folder: it has no \(files.configuration.lastPathComponent)")
    try require(
      FileManager.default.fileExists(atPath: files.checkpoint.path), "resume",
      "\(folder.path) has no checkpoint yet: start the run again with `martlet train \(files.configuration.path)`"
    )
    let configuration = try ConfigurationFile.read(files.configuration)
    try configuration.check()
    let (training, validation) = try configuration.datasets()
    let description = try configuration.modelDescription(training, training.normalization())
    let task = try SegmentationTask(
      network: description.makeNetwork(), description: description, training: training,
      validation: validation,
      configuration: configuration)
    try files.create()
    let trainer = try Trainer(
      resuming: task, options: configuration.trainerOptions(stepsPerEpoch: task.stepsPerEpoch),
      files: files.trainingFiles)
    return SegmentationRun(files, configuration, task, trainer)
  }

  private init(
    _ files: RunFolder, _ configuration: SegmentationConfiguration, _ task: SegmentationTask,
    _ trainer: Trainer
  ) {
    self.files = files
    folder = files.url
    self.configuration = configuration
    self.task = task
    self.trainer = trainer
  }

  /// Trains to the end or until a stop is asked for, writing the run folder as it goes, and the report at the end.
  public func train(stop: StopSignal = StopSignal()) throws -> Trainer.Outcome {
    let recorder = try RunRecorder(files, task: task, configuration: configuration)
    let outcome = try trainer.run(stop: stop, observer: recorder)
    if outcome != .interrupted {
      try SegmentationReport.write(files, configuration: configuration, data: task.validationSet)
    }
    return outcome
  }
}
