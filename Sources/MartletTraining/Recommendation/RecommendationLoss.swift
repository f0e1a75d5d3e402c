import Martlet
import MartletModels

/// What a recommender is trained to make small.
public enum RecommendationLoss: String, CaseIterable, Sendable {
  /// Cross-entropy of what came next, over all items.
  case crossEntropy = "cross-entropy"
  /// Bayesian personalised ranking of what came next against an item that did not.
  case bpr

  /// Whether it takes an item that did not come next for each history.
  var drawsNegatives: Bool { self == .bpr }

  /// The mean loss of a batch, from representations of its histories.
  ///
  /// - Parameters:
  ///   - batch: Items and lengths, from which the representations are, targets, and negatives where they are drawn.
  func callAsFunction(_ network: any SequenceModel, _ batch: [Tensor]) throws -> Tensor {
    switch self {
    case .crossEntropy:
      try network.crossEntropyLoss(items: batch[0], lengths: batch[1], targets: batch[2])
    case .bpr:
      try network.bayesianRankingLoss(
        items: batch[0], lengths: batch[1], targets: batch[2], negatives: batch[3])
    }
  }
}
