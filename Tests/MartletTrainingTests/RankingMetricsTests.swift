import Foundation
import Martlet
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct RankingMetricsTests {
  private func metrics(_ ranks: [Int], cutoffs: [Int] = [5, 10, 20]) -> RankingMetrics {
    var metrics = RankingMetrics(cutoffs: cutoffs)
    for rank in ranks { metrics.add(rank: rank) }
    return metrics
  }

  @Test func measuresFollowTheirDefinitions() {
    // By hand: gains 1, 1/log2(3) = 0.6309…, 1/log2(4) = 0.5, 1/log2(8) = 1/3, and 1/log2(16) = 0.25 at rank 15.
    let metrics = metrics([3, 1, 7, 15, 2, 400])
    #expect(metrics.count == 6)
    #expect(metrics.hit(at: 1) == 1.0 / 6)
    #expect(metrics.hit(at: 3) == 3.0 / 6)
    #expect(metrics.hit(at: 5) == 3.0 / 6)
    #expect(metrics.hit(at: 10) == 4.0 / 6)
    #expect(metrics.hit(at: 20) == 5.0 / 6)
    #expect(metrics.hit(at: 400) == 1)
    let third = 0.630929753571457437
    #expect(abs(metrics.ndcg(at: 5) - (1 + third + 0.5) / 6) < 1e-15)
    #expect(abs(metrics.ndcg(at: 10) - (1 + third + 0.5 + 1.0 / 3) / 6) < 1e-15)
    #expect(abs(metrics.ndcg(at: 20) - (1 + third + 0.5 + 1.0 / 3 + 0.25) / 6) < 1e-15)
    #expect(abs(metrics.mrr(at: 2) - (1 + 0.5) / 6) < 1e-15)
    #expect(abs(metrics.mrr(at: 10) - (1 + 0.5 + 1.0 / 3 + 1.0 / 7) / 6) < 1e-15)
  }

  @Test func measuresHaveNames() {
    let named = metrics([2], cutoffs: [1, 10]).namedMetrics
    #expect(named.map(\.name) == ["hit@1", "ndcg@1", "mrr@1", "hit@10", "ndcg@10", "mrr@10"])
    #expect(named.map(\.value) == [0, 0, 0, 1, 1 / log2(3), 0.5])
  }

  @Test func nothingHasNoMeasures() {
    #expect(RankingMetrics().namedMetrics.count == 9)
    #expect(RankingMetrics().namedMetrics.allSatisfy { $0.value.isNaN })
  }

  @Test func orderAndPartsDoNotMatter() {
    let ranks = (0..<500).map { 1 + $0 * 7919 % 37 }
    let whole = metrics(ranks)
    var parts = metrics(Array(ranks[300...].reversed()))
    parts += metrics(Array(ranks[..<300]))
    #expect(parts == whole)
    #expect(parts.namedMetrics.map(\.value) == whole.namedMetrics.map(\.value))
  }
}

@Suite struct RankingTests {
  private func rank(_ target: Int, _ scores: [Float], excluding seen: [Int32] = []) throws -> Int {
    try scores.withUnsafeBufferPointer { try RankingMetrics.rank(of: target, scores: $0, excluding: seen) }
  }

  private func top(_ k: Int, _ scores: [Float], excluding seen: [Int32] = []) throws -> [Int] {
    try scores.withUnsafeBufferPointer { try RankingMetrics.topItems(k, scores: $0, excluding: seen) }
  }

  private func error(_ body: () throws -> some Any) -> String {
    do { _ = try body() } catch { return "\(error)" }
    return "no error"
  }

  @Test func greaterScoresComeFirst() throws {
    let scores: [Float] = [99, 0.5, 3, -1, 3, 2, 1e38, -1e38]
    #expect(try (1...7).map { try rank($0, scores) } == [5, 2, 6, 3, 4, 1, 7])
    #expect(try top(3, scores) == [6, 2, 4])
    #expect(try top(100, scores) == [6, 2, 4, 5, 1, 3, 7])
  }

  @Test func whatWasSeenDoesNotCount() throws {
    let scores: [Float] = [99, 0.5, 3, -1, 3, 2]
    #expect(try rank(5, scores, excluding: [2]) == 2)
    // Seen twice is seen once; the padding and what is below the target change nothing.
    #expect(try rank(5, scores, excluding: [2, 2, 0, 3, 2]) == 2)
    #expect(try rank(1, scores, excluding: [5, 4, 2]) == 1)
    // The target itself always counts.
    #expect(try rank(5, scores, excluding: [5]) == 3)
    #expect(try top(2, scores, excluding: [4, 2, 4, 0]) == [5, 1])
    #expect(try top(9, scores, excluding: [1, 2, 3, 4, 5]) == [])
  }

  @Test func equalScoresAreRankedByNumber() throws {
    let scores = [Float](repeating: 1, count: 50)
    #expect(try rank(37, scores) == 37)
    #expect(try rank(5, scores, excluding: [2, 7, 2]) == 4)
    #expect(try top(4, scores, excluding: [2]) == [1, 3, 4, 5])
  }

  @Test(arguments: 0..<20)
  func randomRankingsAreThoseOfSorting(round: Int) throws {
    var generator = PhiloxGenerator(seed: 3, stream: UInt64(round))
    let count = Int.random(in: 2...300, using: &generator)
    // Whole numbers, so that many are equal.
    let scores = (0..<count).map { _ in Float(Int.random(in: -20...20, using: &generator)) }
    let seen = (0..<Int.random(in: 0...count, using: &generator)).map { _ in
      Int32.random(in: 0..<Int32(count), using: &generator)
    }
    let sorted = (1..<count).filter { !seen.contains(Int32($0)) }.sorted {
      (-scores[$0], $0) < (-scores[$1], $1)
    }
    for k in [1, 2, 10, count, 2 * count] {
      #expect(try top(k, scores, excluding: seen) == Array(sorted.prefix(k)))
    }
    for target in 1..<count {
      let better = sorted.count { (-scores[$0], $0) < (-scores[target], target) }
      #expect(try rank(target, scores, excluding: seen) == better + 1)
    }
  }

  @Test func badInputIsNamed() throws {
    let scores: [Float] = [.nan, 1, 2, 3]
    // The padding's score is never looked at.
    #expect(try rank(1, scores) == 3)
    #expect(try top(1, scores) == [3])
    for value in [Float.nan, .infinity] {
      let bad: [Float] = [0, 1, 2, value, 3]
      for text in [
        error { try rank(1, bad) }, error { try rank(3, bad) }, error { try top(2, bad) },
        error { try top(4, bad) },
      ] {
        #expect(text == "[ranking] expected a finite number for each score, got \(value) for item 3")
      }
    }
    for target in [-1, 0, 4] {
      #expect(error { try rank(target, scores) } == "[ranking] expected an item from 1 to 3, got \(target)")
    }
    for item: Int32 in [-1, 4] {
      let message = "[ranking] expected items from 0 to 3 to leave out, got \(item)"
      #expect(error { try rank(1, scores, excluding: [item]) } == message)
      #expect(error { try top(1, scores, excluding: [item]) } == message)
    }
    #expect(error { try top(0, scores) } == "[ranking] expected a number of items of 1 or more, got 0")
  }
}
