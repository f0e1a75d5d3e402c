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

  /// Held from before the first file is written to the end.
  private let lock: RunLock

  /// Prepares a new run: checks the configuration and all data, and makes the run folder.
  ///
  /// - Throws: ``MartletError`` naming what is wrong, before anything is written.
  public static func start(_ given: SegmentationConfiguration) throws -> SegmentationRun {
    var configuration = given
    try configuration.check()
    let files = RunFolder(URL(filePath: configuration.output))
    try files.checkIsNew()
    configuration.makePathsAbsolute()
    let (task, trainer) = try beginning(of: configuration, in: files)
    let lock = try files.locked()
    // Another process can have been faster while the data was checked.
    try files.checkIsNew()
    try files.create()
    try AtomicFile.write(ConfigurationFile.write(configuration), to: files.configuration.path)
    return SegmentationRun(files, lock, configuration, task, trainer)
  }

  /// Goes on with a run where its last checkpoint is, or from the beginning when it was stopped before the first one.
  ///
  /// - Throws: ``MartletError`` when the folder is not a run or is being trained, the checkpoint is damaged, or the data
  ///   has changed.
  public static func resume(_ folder: URL) throws -> SegmentationRun {
    let files = RunFolder(folder)
    try require(
      FileManager.default.fileExists(atPath: files.configuration.path), "resume",
      "\(folder.path) is not a run folder: it has no \(files.configuration.lastPathComponent)")
    let lock = try files.locked()
    let configuration = try ConfigurationFile.read(files.configuration)
    try configuration.check()
    let hasCheckpoint = FileManager.default.fileExists(atPath: files.checkpoint.path)
    let (task, trainer) = try (hasCheckpoint ? continuation : beginning)(configuration, files)
    try files.create()
    return SegmentationRun(files, lock, configuration, task, trainer)
  }

  private static func beginning(
    of configuration: SegmentationConfiguration, in files: RunFolder
  ) throws -> (SegmentationTask, Trainer) {
    let task = try makeTask(configuration) { description in
      let network = try withSeed(configuration.seed) { try description.makeNetwork() }
      if let weights = configuration.weights {
        try network.loadStateDict(loadSafetensors(URL(filePath: weights)), source: weights)
      }
      return network
    }
    let options = configuration.trainerOptions(stepsPerEpoch: task.stepsPerEpoch)
    return (task, try Trainer(task, options: options, files: files.trainingFiles))
  }

  private static func continuation(
    of configuration: SegmentationConfiguration, in files: RunFolder
  ) throws -> (SegmentationTask, Trainer) {
    let task = try makeTask(configuration) { try $0.makeNetwork() }
    let options = configuration.trainerOptions(stepsPerEpoch: task.stepsPerEpoch)
    return (task, try Trainer(resuming: task, options: options, files: files.trainingFiles))
  }

  private static func makeTask(
    _ configuration: SegmentationConfiguration,
    _ makeNetwork: (SegmentationModelDescription) throws -> any SegmentationModel
  ) throws -> SegmentationTask {
    let (training, validation) = try configuration.datasets()
    let description = try configuration.modelDescription(training, training.normalization())
    return try SegmentationTask(
      network: makeNetwork(description), description: description, training: training,
      validation: validation, configuration: configuration)
  }

  private init(
    _ files: RunFolder, _ lock: RunLock, _ configuration: SegmentationConfiguration, _ task: SegmentationTask,
    _ trainer: Trainer
  ) {
    self.files = files
    self.lock = lock
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
