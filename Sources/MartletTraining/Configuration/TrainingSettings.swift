import Martlet
import MartletData

/// The optimizers that a configuration can name, with PyTorch's defaults.
public enum OptimizerName: String, Codable, CaseIterable, Sendable {
  case adam, adamw, sgd
  case sparseAdam = "sparse-adam"

  var standardWeightDecay: Double { self == .adamw ? 0.01 : 0 }
}

/// How a configuration can have the learning rate change; see ``LearningRateSchedule``.
public enum ScheduleName: String, Codable, CaseIterable, Sendable {
  case constant, step, cosine
}

/// How a network is trained, whatever it is.
public struct TrainingSettings: Hashable, Sendable {
  /// Samples in a step.
  public var batchSize: Int
  /// Times that all samples are gone through.
  public var epochs: Int
  /// What all random numbers of a run follow from: first parameters, the choice of validation images, the order of
  /// samples, augmentation, dropout.
  public var seed: UInt64 = 1
  /// What cannot be chosen, such as Adam's betas, has PyTorch's defaults.
  public var optimizer = OptimizerName.adam
  /// The base rate, which the schedule and ``learningRateFactors`` multiply.
  public var learningRate = 1e-3
  /// What is taken off each parameter, or added to its gradient, of its own size; without it the optimizer's own:
  /// PyTorch's, 0.01 for `adamw` and 0 for the others.
  public var weightDecay: Double?
  /// Momentum of `sgd`.
  public var momentum = Self.standardMomentum
  /// Nesterov's variant of `sgd`, for a ``momentum`` above 0.
  public var nesterov = false
  /// How the learning rate changes after the warm-up.
  public var schedule: ScheduleName
  /// Epochs over which the learning rate rises from nothing.
  public var warmUpEpochs: Double
  /// `step` schedule: epochs between drops, and what a drop multiplies by.
  public var stepEpochs = Self.standardStep.epochs
  /// What a drop of the `step` schedule multiplies the learning rate by: above 0.
  public var stepFactor = Self.standardStep.factor
  /// Largest global norm of the gradients; more is scaled down to it.
  public var clipNorm: Double?
  /// Ends training after so many epochs without a better score; 0 or nothing for never.
  public var earlyStopping: Int?

  /// Patterns of names of parameters that are not trained, such as `encoder`.
  public var freeze: [String] = []
  /// Factors of the learning rate, by pattern of parameters' names.
  public var learningRateFactors: [String: Double] = [:]
  /// Batches whose gradients are averaged for one update.
  public var accumulation = 1
  /// How much of the average of the weights is kept in each step; no average is kept without it.
  public var averageDecay: Double?

  private static let standardMomentum = 0.9
  private static let standardStep = (epochs: 10, factor: 0.1)

  /// The settings that kinds of runs have defaults of their own for; the others keep theirs.
  public init(
    batchSize: Int, epochs: Int, schedule: ScheduleName, warmUpEpochs: Double, earlyStopping: Int? = nil
  ) {
    self.batchSize = batchSize
    self.epochs = epochs
    self.schedule = schedule
    self.warmUpEpochs = warmUpEpochs
    self.earlyStopping = earlyStopping
  }

  static let keys: [ConfigurationKey<Self>] = [
    .init("batch-size", \.batchSize),
    .init("epochs", \.epochs),
    .init("seed", \.seed),
    .init("optimizer", \.optimizer),
    .init("learning-rate", \.learningRate),
    .init("weight-decay", optional: \.weightDecay),
    .init("momentum", \.momentum),
    .init("nesterov", \.nesterov),
    .init("schedule", \.schedule),
    .init("warm-up-epochs", \.warmUpEpochs),
    .init("step-epochs", \.stepEpochs),
    .init("step-factor", \.stepFactor),
    .init("clip-norm", optional: \.clipNorm),
    .init("early-stopping", optional: \.earlyStopping),
    .init("freeze", \.freeze),
    .init("learning-rate-factors", \.learningRateFactors),
    .init("accumulation", \.accumulation),
    .init("average-decay", optional: \.averageDecay),
  ]

  /// - Throws: ``MartletError`` naming the key, what it can be and what it is.
  func check() throws {
    let sizes = BatchLoader.batchSizes
    try checkValue(
      sizes.contains(batchSize), "batch-size", "\(sizes.lowerBound) to \(sizes.upperBound)", batchSize)
    let most = Trainer.Options.largestEpochCount
    try checkValue((1...most).contains(epochs), "epochs", "1 to \(most)", epochs)
    try checkValue(
      learningRate > 0 && learningRate.isFinite, "learning-rate", "a positive number", learningRate)
    try checkValue(
      (weightDecay ?? 0) >= 0 && (weightDecay ?? 0).isFinite, "weight-decay", "0 or more", weightDecay ?? 0)
    try checkValue(
      optimizer != .sparseAdam || (weightDecay ?? 0) == 0, "weight-decay", "0 with the optimizer sparse-adam",
      weightDecay ?? 0)
    try checkValue((0..<1).contains(momentum), "momentum", "0 or more and below 1", momentum)
    try checkValue(
      !nesterov || optimizer == .sgd, "nesterov", "the optimizer sgd with it", optimizer.rawValue)
    try checkValue(!nesterov || momentum > 0, "nesterov", "a momentum above 0 with it", momentum)
    try checkValue(
      (0...Double(most)).contains(warmUpEpochs), "warm-up-epochs", "0 to \(most)", warmUpEpochs)
    try checkValue((1...most).contains(stepEpochs), "step-epochs", "1 to \(most)", stepEpochs)
    try checkValue(stepFactor > 0 && stepFactor.isFinite, "step-factor", "a positive number", stepFactor)
    try checkValue(clipNorm.map { $0 > 0 } ?? true, "clip-norm", "a positive number", clipNorm ?? 0)
    for (pattern, factor) in learningRateFactors {
      try checkValue(
        factor >= 0 && factor.isFinite, "learning-rate-factors", "factors of 0 or more",
        "\(factor) for \(pattern)")
    }
    try checkValue((1...65536).contains(accumulation), "accumulation", "1 to 65536 batches", accumulation)
    try checkValue(
      averageDecay.map { (0..<1).contains($0) } ?? true, "average-decay", "0 or more and below 1",
      averageDecay ?? 0)
    try checkValue((earlyStopping ?? 0) >= 0, "early-stopping", "0 or more epochs", earlyStopping ?? 0)
  }

  /// Checks that no value changes nothing.
  func checkUse() throws {
    try checkValue(
      optimizer == .sgd || momentum == Self.standardMomentum, "momentum", "the optimizer sgd with it",
      optimizer.rawValue)
    for (key, isStandard) in [
      ("step-epochs", stepEpochs == Self.standardStep.epochs),
      ("step-factor", stepFactor == Self.standardStep.factor),
    ] {
      try checkValue(schedule == .step || isStandard, key, "the schedule step with it", schedule.rawValue)
    }
  }

  var rules: TrainingRules {
    var rules = TrainingRules()
    rules.frozen = freeze
    rules.rateFactors = learningRateFactors
    rules.accumulation = accumulation
    rules.averageDecay = averageDecay
    return rules
  }

  /// Gives values to what follows from other settings, so that a run's file says all.
  mutating func settle() { weightDecay = weightDecay ?? optimizer.standardWeightDecay }

  func trainerOptions(stepsPerEpoch: Int) -> Trainer.Options {
    let weightDecay = weightDecay ?? optimizer.standardWeightDecay
    let stepsPerEpoch = rules.updates(for: stepsPerEpoch)
    let rule: any Optimizer =
      switch optimizer {
      case .sgd: SGD(momentum: momentum, weightDecay: weightDecay, nesterov: nesterov)
      case .adamw: AdamW(weightDecay: weightDecay)
      case .adam: Adam(weightDecay: weightDecay)
      case .sparseAdam: SparseAdam()
      }
    let rateSchedule: LearningRateSchedule =
      switch schedule {
      case .constant: .constant
      case .step: .step(period: stepEpochs * stepsPerEpoch, factor: stepFactor)
      case .cosine: .cosine(minimumFactor: 0)
      }
    return Trainer.Options(
      optimizer: rule, learningRate: learningRate, schedule: rateSchedule, warmUpEpochs: warmUpEpochs,
      epochs: epochs, seed: seed, clipNorm: clipNorm, earlyStopping: earlyStopping == 0 ? nil : earlyStopping,
      rules: rules)
  }
}
