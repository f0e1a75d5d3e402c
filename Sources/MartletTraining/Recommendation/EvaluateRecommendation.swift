import Foundation
import Martlet
import MartletData

/// The examples that a recommender is measured on.
public enum RecommendationSplit: String, CaseIterable, Sendable {
  /// The last interaction of each user.
  case test
  /// The one before it.
  case validation
}

/// What `martlet evaluate` finds out about a recommender.
public struct RecommendationResult: Sendable {
  /// The examples that were measured.
  public var split: RecommendationSplit
  /// Ranks among all items and among those that are new to the user, and the loss.
  public var evaluation: RecommendationEvaluation
  /// Interactions that were left out, because the network does not know their items.
  public var leftOut: Int
}

/// Measures a run's network on interactions: what `martlet evaluate` does.
///
/// - Parameters:
///   - run: A run folder.
///   - interactions: A log with the columns of the run's own, which it stands for; `nil` for that.
/// - Throws: ``MartletError`` when the run or the log cannot be read, and when the run's own log has changed since.
public func evaluateRecommendation(
  _ run: URL, interactions: String? = nil, split part: RecommendationSplit = .test, batchSize: Int? = nil,
  numerics: Numerics = .current
) throws -> RecommendationResult {
  let (network, description) = try RecommendationModelDescription.load(runOrWeights: run)
  let files = RunFolder(run)
  let configuration = try RecommendationConfiguration(ofRun: run, "evaluate")
  let batchSize = batchSize ?? configuration.batchSize
  try BatchLoader.check(batchSize: batchSize, "evaluate")
  let log = try interactions.map { try configuration.wholeLog($0) } ?? configuration.log()
  let (dataset, leftOut) = try ItemVocabulary(description.items).dataset(log)
  if interactions == nil, FileManager.default.fileExists(atPath: files.checkpoint.path),
    let recorded = try Checkpoint.data(of: files.checkpoint)
  {
    let own = log.items == description.items ? dataset : try SequenceDataset(log)
    if let change = try SequenceFingerprint(text: recorded).change(to: SequenceFingerprint(own)) {
      throw MartletError(
        "evaluate",
        "\(configuration.interactions) has changed since the run began: \(change); to evaluate on it as it is, give it "
          + "with --interactions")
    }
  }
  let parts = try LeaveOneOutSplit(dataset)
  let examples = part == .test ? parts.test : parts.validation
  let minimum = part == .test ? "three" : "four"
  try require(
    !examples.isEmpty, "evaluate",
    "expected users with \(minimum) or more interactions, got \(dataset.userCount) with fewer")
  let evaluator = RecommendationEvaluator(
    network: network, loss: RecommendationLoss(rawValue: configuration.loss) ?? .crossEntropy,
    cutoffs: configuration.cutoffs, seed: configuration.seed, numerics: numerics)
  return RecommendationResult(
    split: part, evaluation: try evaluator.evaluate(dataset, examples, batchSize: batchSize), leftOut: leftOut
  )
}

extension RecommendationConfiguration {
  /// The configuration of a run.
  ///
  /// - Throws: ``MartletError`` when it is not a run folder.
  init(ofRun url: URL, _ operation: String) throws {
    let file = RunFolder(url).configuration
    try require(
      FileManager.default.fileExists(atPath: file.path), operation,
      "expected a run folder, for its interactions, got \(url.relativePath), which has no \(file.lastPathComponent)"
    )
    self = try ConfigurationFile.read(file)
  }
}

extension RecommendationResult {
  /// All figures as JSON; a figure that does not exist is left out.
  public func json() throws -> String {
    struct Document: Encodable {
      var result: RecommendationResult
      func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: ConfigurationName.self)
        func write(_ value: some Encodable, _ key: String) throws {
          try values.encode(value, forKey: ConfigurationName(key))
        }
        let evaluation = result.evaluation
        try write(result.split.rawValue, "split")
        try write(evaluation.all.count, "examples")
        try write(result.leftOut, "interactions_left_out")
        for (name, value) in [("loss", evaluation.loss)] + evaluation.namedMetrics where value.isFinite {
          try write(value, name)
        }
        try write(evaluation.groups.filter { $0.metrics.count > 0 }.map(Group.init), "by_history_length")
      }
    }
    struct Group: Encodable {
      var group: RecommendationEvaluation.LengthGroup
      func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: ConfigurationName.self)
        try values.encode(group.lengths.lowerBound, forKey: ConfigurationName("from"))
        if group.lengths.upperBound < .max {
          try values.encode(group.lengths.upperBound, forKey: ConfigurationName("to"))
        }
        try values.encode(group.metrics.count, forKey: ConfigurationName("examples"))
        for (name, value) in group.metrics.namedMetrics {
          try values.encode(value, forKey: ConfigurationName(name))
        }
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(Document(result: self)), as: UTF8.self)
  }

  /// All figures as a table for a terminal.
  public var table: String {
    func figure(_ value: Double) -> String { value.isFinite ? String(format: "%8.4f", value) : "       –" }
    func padded(_ text: String) -> String { text + String(repeating: " ", count: max(0, 16 - text.count)) }
    var lines = [padded("ranked among") + "   all items    unseen items"]
    for ((name, all), (_, unseen)) in zip(evaluation.all.namedMetrics, evaluation.unseen.namedMetrics) {
      lines.append("\(padded(name.uppercased()))    \(figure(all))        \(figure(unseen))")
    }
    let cutoff = RecommendationEvaluation.scoreCutoff
    lines.append("")
    lines.append(padded("history length") + "    NDCG@\(cutoff)   HIT@\(cutoff)   examples")
    for group in evaluation.groups where group.metrics.count > 0 {
      let metrics = group.metrics
      let count = String(metrics.count)
      lines.append(
        padded(group.name) + "   " + figure(metrics.ndcg(at: cutoff)) + figure(metrics.hit(at: cutoff))
          + "  " + String(repeating: " ", count: max(0, 9 - count.count)) + count)
    }
    lines.append("")
    lines.append(
      "\(counted(evaluation.all.count, "\(split.rawValue) example")): loss\(figure(evaluation.loss))")
    if leftOut > 0 {
      lines.append(
        "\(counted(leftOut, "interaction")) with items that the network does not know left out")
    }
    return lines.joined(separator: "\n")
  }
}
