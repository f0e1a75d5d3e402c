import Foundation
import Martlet
import MartletData
import MartletModels

/// Writes the page of a recommender's run from what its folder holds.
enum RecommendationReport {
  /// Examples, items of a history, and recommendations that are shown.
  private static let exampleCount = 4
  private static let historyLength = 10
  private static let recommendationCount = 10

  static func write(
    _ files: RunFolder, configuration: RecommendationConfiguration, task: RecommendationTask
  ) throws {
    let (network, description) = try RecommendationModelDescription.load(runOrWeights: files.model)
    let evaluator = RecommendationEvaluator(
      network: network, loss: RecommendationLoss(rawValue: configuration.loss) ?? .crossEntropy,
      cutoffs: configuration.cutoffs, seed: configuration.seed)
    func evaluate(_ examples: SequenceExamples) throws -> RecommendationEvaluation {
      try evaluator.evaluate(task.dataset, examples, batchSize: configuration.batchSize)
    }
    let test = try evaluate(task.split.test)
    let validation = try evaluate(task.split.validation)
    let cutoff = RecommendationEvaluation.scoreCutoff
    let predictor = try RecommendationPredictor(borrowing: network, description: description)
    let report = try ReportData(
      files, task: task, score: "ndcg@\(cutoff)",
      figures: [
        ("Test NDCG@\(cutoff)", test.all.ndcg(at: cutoff)), ("Test HIT@\(cutoff)", test.all.hit(at: cutoff)),
        ("Test MRR@\(cutoff)", test.all.mrr(at: cutoff)),
        ("Validation NDCG@\(cutoff)", validation.all.ndcg(at: cutoff)),
        ("Validation HIT@\(cutoff)", validation.all.hit(at: cutoff)),
        ("Validation MRR@\(cutoff)", validation.all.mrr(at: cutoff)),
      ],
      sections: [
        ReportHistoryLengths(test.groups.filter { $0.metrics.count > 0 }),
        ReportHistories(examples(task.dataset, task.split.test, predictor)),
      ], configuration: configuration)
    try ReportPage.write(report, to: files.report)
  }

  /// A few of the test examples, at equal distances from the first user to the last, whatever came of them.
  private static func examples(
    _ dataset: SequenceDataset, _ test: SequenceExamples, _ predictor: RecommendationPredictor
  ) throws -> [ReportHistories.Item] {
    let count = min(exampleCount, test.count)
    let chosen = (0..<count).map { test[$0 * test.count / count] }
    let histories = chosen.map { dataset.sequence(of: $0.user).prefix($0.end) }
    var items: [ReportHistories.Item] = []
    try predictor.withScores(after: histories) { row, scores in
      let example = chosen[row]
      let sequence = dataset.sequence(of: example.user)
      let target = Int(sequence[sequence.startIndex + example.end])
      let best = try RankingMetrics.topItems(recommendationCount, scores: scores)
      items.append(
        .init(
          user: dataset.userNames[example.user], length: example.end,
          lastItems: histories[row].suffix(historyLength).map { dataset.itemNames[Int($0)] },
          next: dataset.itemNames[target], rank: try RankingMetrics.rank(of: target, scores: scores),
          recommended: best.map { (dataset.itemNames[$0], $0 == target) }))
    }
    return items
  }
}
