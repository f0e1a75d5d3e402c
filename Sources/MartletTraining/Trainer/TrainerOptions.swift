import Martlet

extension Trainer {
  /// How a task is trained.
  public struct Options: Sendable {
    /// A training cannot be resumed with one that has further ``Optimizer/slots``.
    public var optimizer: any Optimizer
    /// The base rate, which the schedule and ``TrainingRules/rateFactors`` multiply.
    public var learningRate: Double
    /// Goes by steps, which are fewer than batches where ``TrainingRules/accumulation`` is above 1.
    public var schedule: LearningRateSchedule
    /// Epochs over which the learning rate rises from nothing, rounded to whole steps: 0 to 1,000,000.
    public var warmUpEpochs: Double
    /// Of the whole training, what was done before it is resumed included: 1 to 1,000,000.
    public var epochs: Int
    /// What random numbers in steps, such as those of dropout, follow from. The batches are the task's own.
    public var seed: UInt64
    /// Largest global norm of the gradients.
    public var clipNorm: Double?
    /// Ends training after so many epochs without a better score.
    public var earlyStopping: Int?
    /// By default all parameters learn alike, with an update for each batch.
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
        learningRate >= 0 && learningRate.isFinite, "training",
        "expected a learning rate of 0 or more, got \(learningRate)")
      try require(
        clipNorm.map { $0 > 0 } ?? true, "training",
        "expected a positive norm to clip gradients to, got \(clipNorm ?? 0)")
      try require(
        earlyStopping.map { $0 > 0 } ?? true, "training",
        "expected early stopping after 1 or more epochs, got \(earlyStopping ?? 0)")
      try require(
        rules.averageDecay.map { (0..<1).contains($0) } ?? true, "training",
        "expected a decay of averaged weights of 0 or more and below 1, got \(rules.averageDecay ?? 0)")
      for (pattern, factor) in rules.rateFactors {
        try require(
          factor >= 0 && factor.isFinite, "training",
          "expected factors of the learning rate of 0 or more, got \(factor) for \(pattern)")
      }
      try require(
        rules.accumulation > 0, "training",
        "expected 1 or more batches for an update, got \(rules.accumulation)")
    }
  }
}
