import Martlet
import MartletData
import MartletModels

/// Training of a recommender on what users did.
public final class RecommendationTask: RunTask {
  /// What is trained, as ``model``.
  public let network: any SequenceModel
  public var model: any Module { network }
  /// What the file of the best weights says of them.
  public let description: RecommendationModelDescription
  /// The sequences of all users, whole.
  public let dataset: SequenceDataset
  /// The examples for training and validation; those for testing are left to the run's report.
  public let split: LeaveOneOutSplit

  /// The header of a safetensors file, which quotes what it holds once more, has 100 MB.
  private static let largestNames = 45_000_000

  private let training: any RecommendationExamples
  private let batchSize: Int
  private let fingerprint: SequenceFingerprint
  private let cutoffs: [Int]
  private let evaluator: RecommendationEvaluator

  /// - Throws: ``MartletError`` when the data, the network and the configuration do not go together.
  public init(
    network: any SequenceModel, description: RecommendationModelDescription, dataset: SequenceDataset,
    configuration: RecommendationConfiguration
  ) throws {
    self.network = network
    self.description = description
    self.dataset = dataset
    split = try LeaveOneOutSplit(dataset)
    try require(
      !split.validation.isEmpty, "interactions",
      "expected a user with four or more interactions, so that one can be set aside for validation and one for "
        + "testing, got \(dataset.userCount) with fewer")
    let loss = RecommendationLoss(rawValue: configuration.loss) ?? .crossEntropy
    batchSize = configuration.batchSize
    training = try Self.examples(split.training, of: dataset, for: network, loss, configuration)
    let names = description.metadata.reduce(0) { $0 + $1.value.utf8.count }
    try require(
      names <= Self.largestNames, "interactions",
      "expected names of items that take at most \(Self.largestNames) bytes in the weights' file, got \(names) "
        + "bytes for \(counted(dataset.itemCount, "item"))")
    fingerprint = SequenceFingerprint(dataset)
    cutoffs = configuration.cutoffs
    evaluator = RecommendationEvaluator(
      network: network, loss: loss, cutoffs: cutoffs, seed: configuration.seed)
    // What cannot be measured is to be known before the training and not after it.
    for examples in [split.validation, split.test] {
      _ = try evaluator.loader(dataset, examples, batchSize: configuration.batchSize)
    }
  }

  private static func examples(
    _ examples: SequenceExamples, of dataset: SequenceDataset, for network: any SequenceModel,
    _ loss: RecommendationLoss, _ configuration: RecommendationConfiguration
  ) throws -> any RecommendationExamples {
    guard configuration.examples == ExampleCut.windows.rawValue else {
      return BeginningExamples(
        network: network,
        loader: try SequenceLoader(
          dataset, examples, maximumLength: network.maximumLength, batchSize: configuration.batchSize,
          seed: configuration.seed, shuffles: true, drawsNegatives: loss.drawsNegatives),
        recommendationLoss: loss)
    }
    guard let network = network as? any CausalSequenceModel, loss == .crossEntropy else {
      throw MartletError(
        "configuration",
        "examples: expected beginnings for \(configuration.model) with the loss \(configuration.loss), got windows, "
          + "which are for sasrec with cross-entropy")
    }
    return WindowExamples(
      network: network,
      loader: try SequenceWindowLoader(
        dataset, examples, length: network.maximumLength, batchSize: configuration.batchSize,
        seed: configuration.seed))
  }

  public var stepsPerEpoch: Int { training.batchCount }
  public var samplesPerEpoch: Int { training.sampleCount }
  public var batchTypes: [[TensorType]] { training.batchTypes }

  public func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource {
    training.batches(epoch: epoch, startingAt: step)
  }

  public func loss(_ batch: [Tensor]) throws -> Tensor { try training.loss(batch) }

  public func validate() throws -> ValidationResult {
    let evaluation = try evaluator.evaluate(dataset, split.validation, batchSize: batchSize)
    return ValidationResult(loss: evaluation.loss, score: evaluation.score, metrics: evaluation.namedMetrics)
  }

  public var data: String { fingerprint.text }

  public func checkData(since earlier: String) throws {
    if let change = try SequenceFingerprint(text: earlier).change(to: fingerprint) {
      throw MartletError("resume", "the data has changed since the run began: \(change)")
    }
  }

  public private(set) lazy var modelDescription: [String: String] = description.metadata

  // What is shown and kept of a run.

  public let sampleName = "histories"
  public let scoreName = "NDCG@\(RecommendationEvaluation.scoreCutoff)"
  public let shownMetrics = ["hit", "ndcg"].map { name in
    (
      metric: "\(name)@\(RecommendationEvaluation.scoreCutoff)",
      label: "\(name.uppercased())@\(RecommendationEvaluation.scoreCutoff)"
    )
  }

  public var introduction: String {
    let short = split.usersWithoutExamples
    return "\(samplesPerEpoch) training and \(counted(split.validation.count, "validation example")) of "
      + "\(counted(dataset.userCount, "user")) and \(counted(dataset.itemCount, "item"))"
      + (short == 0 ? "" : "; \(counted(short, "user")) with one interaction left out")
      + (dataset.hasTimes ? "" : "; in the order of the file, for want of a column with times")
  }

  public var metricNames: [String] { RecommendationEvaluation(cutoffs: cutoffs).namedMetrics.map(\.name) }

  public func addExamples(to events: EventWriter, epoch: Int) {}
}

extension SequenceBatch {
  /// Items, lengths, targets, and negatives where they are drawn.
  var tensors: [Tensor] { [items, lengths, targets] + (negatives.map { [$0] } ?? []) }
}
