/// What happened in one step.
public struct StepReport: Sendable {
  /// From 0.
  public var epoch: Int
  /// Steps of the epoch that are done.
  public var step: Int
  /// Mean over the step's batches; `nan` where none had a loss.
  public var loss: Double
  /// Mean over the epoch's samples so far; `nan` where none had a loss.
  public var meanLoss: Double
  /// Samples in the step, those of batches without a loss too.
  public var samples: Int
  /// Of this step, before factors for some parameters.
  public var learningRate: Double
}

/// What happened in one epoch.
public struct EpochReport: Sendable {
  /// From 0.
  public var epoch: Int
  /// Mean over the epoch's samples; `nan` where none had a loss.
  public var trainingLoss: Double
  /// Of the epoch's last step.
  public var learningRate: Double
  /// With the average of the weights where one is kept.
  public var validation: ValidationResult
  /// Whether this is the best epoch so far.
  public var isBest: Bool
}

/// Watches a training: shows it, writes its figures down.
public protocol TrainerObserver: AnyObject {
  /// - Parameter epoch: The epoch that begins or goes on; figures of this and later epochs are to be forgotten.
  func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) throws
  /// Called after each step.
  func stepEnded(_ report: StepReport) throws
  /// Called after an epoch's validation, before the checkpoint is written. Where an average of the weights is kept, the
  /// model has it in place of its own.
  func epochEnded(_ report: EpochReport) throws
  /// Called when a training has ended or was interrupted, and not where an error ended it.
  func trainingEnded(_ outcome: Trainer.Outcome) throws
}
