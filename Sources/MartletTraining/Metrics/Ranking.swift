import Martlet

extension RankingMetrics {
  /// The rank of an item among all by their scores: 1, and one more for each item with a greater score, or with the
  /// same and a lower number.
  ///
  /// That is where ``topItems(_:scores:excluding:)`` lists it: a network that scores all items alike ranks them by
  /// their numbers. Item 0 is the padding and never counts.
  ///
  /// - Parameters:
  ///   - target: The item to be found, from 1 on.
  ///   - scores: A score for each item and, first, for the padding.
  ///   - seen: Items that do not count, such as those that the user knows, in any order and any number of times. The
  ///     target counts even if it is among them.
  /// - Throws: ``MartletError`` for a score that is not finite, and an item without a score.
  public static func rank(
    of target: Int, scores: UnsafeBufferPointer<Float>, excluding seen: some Sequence<Int32> = []
  ) throws -> Int {
    try require(
      target >= 1 && target < scores.count, "ranking",
      "expected an item from 1 to \(scores.count - 1), got \(target)")
    let score = scores[target]
    var ahead: Int32 = 0
    var unordered: Int32 = 0
    for item in 1..<target {
      ahead &+= scores[item] >= score ? 1 : 0
      unordered &+= scores[item].isFinite ? 0 : 1
    }
    for item in target..<scores.count {
      ahead &+= scores[item] > score ? 1 : 0
      unordered &+= scores[item].isFinite ? 0 : 1
    }
    if unordered > 0 { throw notFinite(scores) }
    var aheadAndSeen: [Int32] = []
    for item in seen {
      try checkItem(item, scores)
      let other = scores[Int(item)]
      if item > 0, other > score || other == score && item < target { aheadAndSeen.append(item) }
    }
    return 1 + Int(ahead) - Set(aheadAndSeen).count
  }

  /// The items with the greatest scores, best first, and of equal ones those with the lower number first.
  ///
  /// Item 0 is the padding and is never among them.
  ///
  /// - Parameters:
  ///   - k: How many, 1 or more. There are fewer where there are not as many items.
  ///   - scores: A score for each item and, first, for the padding.
  ///   - seen: Items to leave out, in any order and any number of times.
  /// - Throws: ``MartletError`` for a score that is not finite, an item without a score, and `k` below 1.
  public static func topItems(
    _ k: Int, scores: UnsafeBufferPointer<Float>, excluding seen: some Sequence<Int32> = []
  ) throws -> [Int] {
    try require(k >= 1, "ranking", "expected a number of items of 1 or more, got \(k)")
    if k > scores.count / 8 { return try sortedItems(k, scores, seen) }
    var excluded = Set<Int32>()
    for item in seen {
      try checkItem(item, scores)
      excluded.insert(item)
    }
    var best: [Int] = []
    best.reserveCapacity(Swift.min(k, scores.count) + 1)
    var worst = -Float.infinity
    for start in stride(from: 1, to: scores.count, by: blockSize) {
      let block = start..<Swift.min(start + blockSize, scores.count)
      // Nearly all blocks have nothing that beats the last of k. What is not a number, or beyond all, is not below it
      // either.
      var candidates: Int32 = 0
      for item in block { candidates &+= scores[item] <= worst ? 0 : 1 }
      if candidates == 0, best.count == k { continue }
      for item in block {
        let score = scores[item]
        if best.count == k, score <= worst { continue }
        if !score.isFinite { throw notFinite(scores) }
        if excluded.contains(Int32(item)) { continue }
        // Items come in ascending order, so that one belongs behind all with its score.
        var place = best.count
        while place > 0, scores[best[place - 1]] < score { place -= 1 }
        best.insert(item, at: place)
        if best.count > k { best.removeLast() }
        if best.count == k { worst = scores[best[k - 1]] }
      }
    }
    return best
  }

  /// The same for a large share of all items: those are sorted.
  private static func sortedItems(
    _ k: Int, _ scores: UnsafeBufferPointer<Float>, _ seen: some Sequence<Int32>
  ) throws -> [Int] {
    var isSeen = [Bool](repeating: false, count: scores.count)
    for item in seen {
      try checkItem(item, scores)
      isSeen[Int(item)] = true
    }
    let items = (1..<Swift.max(1, scores.count)).filter { !isSeen[$0] }
    if items.contains(where: { !scores[$0].isFinite }) { throw notFinite(scores) }
    return Array(items.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(k))
  }

  /// Items that ``topItems(_:scores:excluding:)`` looks at together: enough for vectors, few enough to be passed over.
  private static let blockSize = 128

  private static func checkItem(_ item: Int32, _ scores: UnsafeBufferPointer<Float>) throws {
    try require(
      item >= 0 && item < scores.count, "ranking",
      "expected items from 0 to \(scores.count - 1) to leave out, got \(item)")
  }

  private static func notFinite(_ scores: UnsafeBufferPointer<Float>) -> MartletError {
    let item = scores.indices.dropFirst().first { !scores[$0].isFinite } ?? 0
    return MartletError(
      "ranking", "expected a finite number for each score, got \(scores[item]) for item \(item)")
  }
}
