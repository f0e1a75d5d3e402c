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
  public var samples: Int
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
  public var validation: ValidationResult
  /// Whether this is the best epoch so far.
  public var isBest: Bool
}

/// Watches a training: shows it, writes its figures down.
public protocol TrainerObserver: AnyObject {
  /// - Parameter epoch: The epoch that begins or goes on; figures of this and later epochs are to be forgotten.
  func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) throws
  func stepEnded(_ report: StepReport) throws
  func epochEnded(_ report: EpochReport) throws
  func trainingEnded(_ outcome: Trainer.Outcome) throws
}
