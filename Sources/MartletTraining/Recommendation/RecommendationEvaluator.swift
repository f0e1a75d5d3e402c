import Martlet
import MartletData
import MartletModels

/// Ranks what came next among all items, for many histories.
public final class RecommendationEvaluator {
  private let network: any SequenceModel
  private let loss: RecommendationLoss
  private let cutoffs: [Int]
  private let seed: UInt64
  private let numerics: Numerics

  /// - Parameter seed: What the items that a loss compares with are drawn by.
  public init(
    network: any SequenceModel, loss: RecommendationLoss, cutoffs: [Int], seed: UInt64,
    numerics: Numerics = .current
  ) {
    self.network = network
    self.loss = loss
    self.cutoffs = cutoffs
    self.seed = seed
    self.numerics = numerics
  }

  /// - Parameter dataset: Sequences of the items that the network knows, under the same numbers.
  /// - Throws: ``MartletError`` when there is no example, or a score is not a number.
  public func evaluate(
    _ dataset: SequenceDataset, _ examples: SequenceExamples, batchSize: Int
  ) throws -> RecommendationEvaluation {
    let loader = try loader(dataset, examples, batchSize: batchSize)
    var evaluation = RecommendationEvaluation(cutoffs: cutoffs)
    var lossSum = 0.0
    let batches = loader.batches(epoch: 0)
    // Weights do not change meanwhile.
    let predictor = predictor()
    while let batch = try batches.next() {
      let results = try predictor(batch.tensors)
      lossSum += try results[1].cast(to: .float64).item(Double.self) * Double(batch.count)
      let targets = try batch.targets.scalars(Int32.self)
      try results[0].withElements { (scores: UnsafeBufferPointer<Float>) in
        let width = network.itemCount + 1
        for (row, index) in batch.exampleIndices.enumerated() {
          let example = examples[index]
          let own = UnsafeBufferPointer(rebasing: scores[row * width..<(row + 1) * width])
          let target = Int(targets[row])
          let history = dataset.sequence(of: example.user).prefix(example.end)
          evaluation.add(
            rank: try RankingMetrics.rank(of: target, scores: own),
            unseenRank: try RankingMetrics.rank(of: target, scores: own, excluding: history),
            length: example.end)
        }
      }
    }
    evaluation.loss = lossSum / Double(examples.count)
    return evaluation
  }

  /// - Throws: ``MartletError`` when there is no example, or nothing that the loss could compare with.
  func loader(
    _ dataset: SequenceDataset, _ examples: SequenceExamples, batchSize: Int
  ) throws -> SequenceLoader {
    try SequenceLoader(
      dataset, examples, maximumLength: network.maximumLength, batchSize: batchSize, seed: seed,
      drawsNegatives: loss.drawsNegatives)
  }

  /// From a batch to scores and loss.
  private func predictor() -> Predictor {
    .borrowing(numerics: numerics) { [network, loss] batch in
      [try network.scores(network.represent(items: batch[0], lengths: batch[1])), try loss(network, batch)]
    }
  }
}
