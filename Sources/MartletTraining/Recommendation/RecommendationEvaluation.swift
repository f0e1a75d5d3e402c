import Martlet
import MartletData

/// How well a recommender knows what came next.
public struct RecommendationEvaluation: Sendable {
  /// Examples whose histories have a similar length.
  public struct LengthGroup: Hashable, Sendable {
    /// The number of items, all counted and not only those that the network reads.
    public var lengths: ClosedRange<Int>
    /// Ranks among all items.
    public var metrics: RankingMetrics

    /// Such as `10–19`, or `200 or more`.
    public var name: String {
      lengths.upperBound == .max
        ? "\(lengths.lowerBound) or more" : "\(lengths.lowerBound)–\(lengths.upperBound)"
    }
  }

  /// Mean over examples.
  public var loss = 0.0
  /// Ranks among all items.
  public var all: RankingMetrics
  /// Ranks among the items that the history does not hold, and the one that came next.
  public var unseen: RankingMetrics
  /// Ranks among all items, by the length of the history.
  public var groups: [LengthGroup]

  /// The score is NDCG at this cutoff.
  public static let scoreCutoff = 10

  /// An evaluation of nothing yet.
  public init(cutoffs: [Int]) {
    all = RankingMetrics(cutoffs: cutoffs)
    unseen = all
    let starts = [1, 10, 20, 50, 100, 200]
    let ends = starts.dropFirst().map { $0 - 1 } + [.max]
    groups = zip(starts, ends).map {
      LengthGroup(lengths: $0...$1, metrics: RankingMetrics(cutoffs: cutoffs))
    }
  }

  /// Counts an example.
  mutating func add(rank: Int, unseenRank: Int, length: Int) {
    all.add(rank: rank)
    unseen.add(rank: unseenRank)
    if let group = groups.firstIndex(where: { $0.lengths.contains(length) }) {
      groups[group].metrics.add(rank: rank)
    }
  }

  /// What decides which epoch is best.
  public var score: Double { all.ndcg(at: Self.scoreCutoff) }

  /// The figures in the order in which they are shown and kept: among all items, and as `unseen_…` among those that are
  /// new to the user.
  public var namedMetrics: [(name: String, value: Double)] {
    all.namedMetrics + unseen.namedMetrics.map { ("unseen_\($0.name)", $0.value) }
  }
}
