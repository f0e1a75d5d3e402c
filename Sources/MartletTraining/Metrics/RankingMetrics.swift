import Foundation
import Martlet

/// Measures of how far up a ranking the one item stands that was to be found.
///
/// Ranks are counted, and measures are made of the counts, so that they do not depend on how examples were cut into
/// batches or in which order they came.
///
/// With one item to be found, and rank 1 the best:
/// - HIT@k, which then is Recall@k too, is 1 where the rank is at most k, and 0 elsewhere;
/// - NDCG@k is 1 / log2(rank + 1) there (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
///   2002);
/// - MRR@k is 1 / rank there.
///
/// Each is the mean over all examples, and `nan` without any.
public struct RankingMetrics: Hashable, Sendable {
  /// The k that ``namedMetrics`` are given for.
  public let cutoffs: [Int]
  /// The number of ranks that were added.
  public private(set) var count = 0
  /// How often each rank came.
  private var counts: [Int: Int] = [:]

  /// - Precondition: Cutoffs are 1 or more.
  public init(cutoffs: [Int] = [5, 10, 20]) {
    precondition(cutoffs.allSatisfy { $0 >= 1 }, "a cutoff is 1 or more")
    self.cutoffs = cutoffs
  }

  /// Counts an example.
  ///
  /// - Precondition: A rank is 1 or more.
  public mutating func add(rank: Int) {
    precondition(rank >= 1, "a rank is 1 or more")
    counts[rank, default: 0] += 1
    count += 1
  }

  /// Adds the ranks of others.
  public static func += (left: inout RankingMetrics, right: RankingMetrics) {
    left.counts.merge(right.counts, uniquingKeysWith: +)
    left.count += right.count
  }

  /// The share of examples whose rank is at most `cutoff`.
  public func hit(at cutoff: Int) -> Double { mean(cutoff) { _ in 1 } }

  /// The mean of 1 / log2(rank + 1) where the rank is at most `cutoff`, and 0 elsewhere.
  public func ndcg(at cutoff: Int) -> Double { mean(cutoff) { rank in 1 / log2(Double(rank + 1)) } }

  /// The mean of 1 / rank where the rank is at most `cutoff`, and 0 elsewhere.
  public func mrr(at cutoff: Int) -> Double { mean(cutoff) { rank in 1 / Double(rank) } }

  /// For each cutoff `hit@k`, `ndcg@k` and `mrr@k`.
  public var namedMetrics: [(name: String, value: Double)] {
    cutoffs.flatMap { cutoff in
      [
        ("hit@\(cutoff)", hit(at: cutoff)), ("ndcg@\(cutoff)", ndcg(at: cutoff)),
        ("mrr@\(cutoff)", mrr(at: cutoff)),
      ]
    }
  }

  /// Sums go from the best rank on, so that the same ranks give the same bits.
  private func mean(_ cutoff: Int, _ value: (Int) -> Double) -> Double {
    if count == 0 { return .nan }
    let sum = counts.keys.filter { $0 <= cutoff }.sorted()
      .reduce(0) { sum, rank in sum + value(rank) * Double(counts[rank] ?? 0) }
    return sum / Double(count)
  }
}
