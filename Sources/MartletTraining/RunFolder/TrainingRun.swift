import Foundation
import Martlet
import MartletFiles
import MartletInterchange

/// A training with its run folder, of whatever kind.
public protocol StartedRun: AnyObject {
  /// The run folder.
  var folder: URL { get }

  /// Trains to the end or until a stop is asked for, writing the run folder as it goes, and the report at the end.
  func train(stop: StopSignal) throws -> Trainer.Outcome
}

/// A training with its run folder: what `martlet train` does.
public final class TrainingRun<Configuration: RunConfiguration>: StartedRun {
  public let folder: URL
  /// What decides the run, as its folder has it.
  public let configuration: Configuration
  private let task: Configuration.Task
  private let trainer: Trainer
  private let files: RunFolder

  /// Held from before the first file is written to the end.
  private let lock: RunLock

  /// Prepares a new run: checks the configuration and all data, and makes the run folder.
  ///
  /// - Throws: ``MartletError`` naming what is wrong, before anything is written.
  public static func start(_ given: Configuration) throws -> TrainingRun {
    var configuration = given
    try configuration.check()
    try configuration.checkUse()
    let files = RunFolder(URL(filePath: configuration.output))
    try files.checkIsNew()
    configuration.makePathsAbsolute()
    configuration.training.settle()
    let (task, trainer) = try beginning(of: configuration, in: files)
    let lock = try files.locked()
    // Another process can have been faster while the data was checked.
    try files.checkIsNew()
    try files.create()
    try AtomicFile.write(ConfigurationFile.write(configuration), to: files.configuration.path)
    return TrainingRun(files, lock, configuration, task, trainer)
  }

  /// Goes on with a run where its last checkpoint is, or from the beginning when it was stopped before the first one.
  ///
  /// - Throws: ``MartletError`` when the folder is not a run or is being trained, the checkpoint is damaged, or the data
  ///   or the configuration has changed, places of files aside.
  public static func resume(_ folder: URL) throws -> TrainingRun {
    let files = RunFolder(folder)
    try files.checkIsRun()
    let lock = try files.locked()
    let configuration = try ConfigurationFile.read(files.configuration, as: Configuration.self)
    try configuration.check()
    let hasCheckpoint = FileManager.default.fileExists(atPath: files.checkpoint.path)
    if hasCheckpoint, let earlier = try Checkpoint.configuration(of: files.checkpoint) {
      try configuration.check(since: earlier, in: files.configuration)
    }
    let (task, trainer) = try (hasCheckpoint ? continuation : beginning)(configuration, files)
    try files.create()
    return TrainingRun(files, lock, configuration, task, trainer)
  }

  private static func beginning(
    of configuration: Configuration, in files: RunFolder
  ) throws -> (Configuration.Task, Trainer) {
    let task = try configuration.makeTask(isNew: true)
    let options = configuration.training.trainerOptions(stepsPerEpoch: task.stepsPerEpoch)
    return (
      task,
      try Trainer(
        task, options: options, files: files.trainingFiles, configuration: configuration.record)
    )
  }

  private static func continuation(
    of configuration: Configuration, in files: RunFolder
  ) throws -> (Configuration.Task, Trainer) {
    let task = try configuration.makeTask(isNew: false)
    let options = configuration.training.trainerOptions(stepsPerEpoch: task.stepsPerEpoch)
    return (
      task,
      try Trainer(
        resuming: task, options: options, files: files.trainingFiles, configuration: configuration.record)
    )
  }

  private init(
    _ files: RunFolder, _ lock: RunLock, _ configuration: Configuration, _ task: Configuration.Task,
    _ trainer: Trainer
  ) {
    self.files = files
    self.lock = lock
    folder = files.url
    self.configuration = configuration
    self.task = task
    self.trainer = trainer
  }

  public func train(stop: StopSignal = StopSignal()) throws -> Trainer.Outcome {
    let recorder = RunRecorder(files, task: task, configuration: configuration)
    let outcome = try trainer.run(stop: stop, observer: recorder)
    if outcome != .interrupted { try configuration.writeReport(files, task: task) }
    return outcome
  }
}

/// Goes on with the run in a folder, of whatever kind it is.
///
/// - Throws: What ``TrainingRun/resume(_:)`` does.
public func resumeRun(_ folder: URL) throws -> any StartedRun {
  let files = RunFolder(folder)
  try files.checkIsRun()
  switch try ConfigurationFile.kind(of: files.configuration) {
  case .segmentation: return try SegmentationRun.resume(folder)
  case .recommendation: return try RecommendationRun.resume(folder)
  }
}

/// A segmentation training with its run folder.
public typealias SegmentationRun = TrainingRun<SegmentationConfiguration>
/// A training of a recommender with its run folder.
public typealias RecommendationRun = TrainingRun<RecommendationConfiguration>

extension RunFolder {
  /// Checks that there is a run, whatever has become of it.
  func checkIsRun() throws {
    try require(
      FileManager.default.fileExists(atPath: configuration.path), "resume",
      "\(url.path) is not a run folder: it has no \(configuration.lastPathComponent)")
  }
}
