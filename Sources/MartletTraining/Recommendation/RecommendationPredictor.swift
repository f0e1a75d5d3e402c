import Martlet
import MartletData
import MartletModels

/// An item that may come next.
public struct RecommendedItem: Hashable, Sendable {
  /// The item's number, from 1.
  public var item: Int
  /// The item's name in the interactions that the network was trained on.
  public var name: String
  /// The higher the likelier; it says nothing beside scores of other histories.
  public var score: Float
}

/// Says what may come next after a history.
public final class RecommendationPredictor: Sendable {
  /// The network's configuration, and the names of its items.
  public let description: RecommendationModelDescription
  private let itemCount: Int
  private let maximumLength: Int
  /// From items and lengths of histories to scores.
  private let scores: Predictor
  let vocabulary: ItemVocabulary

  /// Freezes a network, which from now on is the predictor's: see ``Predictor``.
  ///
  /// - Throws: ``MartletError`` when the description has another number of items than the network.
  public init(
    network: sending any SequenceModel, description: RecommendationModelDescription,
    numerics: Numerics = .current
  ) throws {
    try description.check(itemCount: network.itemCount)
    self.description = description
    itemCount = network.itemCount
    maximumLength = network.maximumLength
    scores = Predictor(numerics: numerics) { [try Self.scores(network, $0)] }
    vocabulary = ItemVocabulary(description.items)
  }

  /// For a network that somebody else goes on using, and that does not change while it is predicted with.
  init(borrowing network: any SequenceModel, description: RecommendationModelDescription) throws {
    try description.check(itemCount: network.itemCount)
    self.description = description
    itemCount = network.itemCount
    maximumLength = network.maximumLength
    scores = .borrowing { [try Self.scores(network, $0)] }
    vocabulary = ItemVocabulary(description.items)
  }

  private static func scores(_ network: any SequenceModel, _ input: [Tensor]) throws -> Tensor {
    try network.scores(network.represent(items: input[0], lengths: input[1]))
  }

  /// The likeliest items after each history, best first.
  ///
  /// - Parameters:
  ///   - histories: Names of items, oldest first. Of a long history the network reads the most recent items.
  ///   - count: How many; there are fewer where there are not as many items.
  ///   - excludesSeen: Whether to leave out the items of the history.
  /// - Throws: ``MartletError`` naming an item that the network does not know, or a history without items.
  public func recommendations(
    after histories: [[String]], count: Int, excludesSeen: Bool = false
  ) throws -> [[RecommendedItem]] {
    let numbers = try histories.map { names in
      try names.map { name in
        guard let number = vocabulary.number(of: name) else {
          throw MartletError("recommendation", "expected items that the network knows, got \"\(name)\"")
        }
        return number
      }[...]
    }
    return try recommendations(after: numbers, count: count, excludesSeen: excludesSeen)
  }

  /// The likeliest items after each history of numbers of items.
  func recommendations(
    after histories: [ArraySlice<Int32>], count: Int, excludesSeen: Bool
  ) throws -> [[RecommendedItem]] {
    var results: [[RecommendedItem]] = []
    try withScores(after: histories) { row, scores in
      let seen = excludesSeen ? histories[row] : []
      let items = try RankingMetrics.topItems(count, scores: scores, excluding: seen)
      results.append(
        items.map { RecommendedItem(item: $0, name: description.name(of: $0), score: scores[$0]) })
    }
    return results
  }

  /// Calls `body` for each history with the scores of the padding and all items.
  func withScores(
    after histories: [ArraySlice<Int32>], _ body: (Int, UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    let input = try SequenceInput(histories, maximumLength: maximumLength)
    let width = itemCount + 1
    try scores([input.items, input.lengths])[0].withElements { (scores: UnsafeBufferPointer<Float>) in
      for row in histories.indices {
        try body(row, UnsafeBufferPointer(rebasing: scores[row * width..<(row + 1) * width]))
      }
    }
  }
}
