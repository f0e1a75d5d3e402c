import Martlet

extension Trainer {
  /// How a task is trained.
  public struct Options: Sendable {
    public var optimizer: any Optimizer
    public var learningRate: Double
    public var schedule: LearningRateSchedule
    public var warmUpEpochs: Double
    public var epochs: Int
    public var seed: UInt64
    /// Largest global norm of the gradients.
    public var clipNorm: Double?
    /// Ends training after so many epochs without a better score.
    public var earlyStopping: Int?
    public var rules: TrainingRules

    public init(
      optimizer: any Optimizer, learningRate: Double, schedule: LearningRateSchedule = .constant,
      warmUpEpochs: Double = 0, epochs: Int, seed: UInt64, clipNorm: Double? = nil, earlyStopping: Int? = nil,
      rules: TrainingRules = TrainingRules()
    ) {
      self.optimizer = optimizer
      self.learningRate = learningRate
      self.schedule = schedule
      self.warmUpEpochs = warmUpEpochs
      self.epochs = epochs
      self.seed = seed
      self.clipNorm = clipNorm
      self.earlyStopping = earlyStopping
      self.rules = rules
    }

    /// The longest warm-up, and the most epochs.
    static let largestEpochCount = 1_000_000

    /// - Throws: ``MartletError`` naming what cannot be meant.
    func check() throws {
      let epochCounts = 0...Double(Self.largestEpochCount)
      try require(
        (1...Self.largestEpochCount).contains(epochs), "training",
        "expected 1 to \(Self.largestEpochCount) epochs, got \(epochs)")
      try require(
        epochCounts.contains(warmUpEpochs), "training",
        "expected a warm-up of 0 to \(Self.largestEpochCount) epochs, got \(warmUpEpochs)")
      try require(
        rules.accumulation > 0, "training",
        "expected 1 or more batches for an update, got \(rules.accumulation)")
    }
  }
}
