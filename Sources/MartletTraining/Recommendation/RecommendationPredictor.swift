import Martlet
import MartletData
import MartletModels

/// An item that may come next.
public struct RecommendedItem: Hashable, Sendable {
  /// The item's number, from 1.
  public var item: Int
  public var name: String
  /// The higher the likelier; it says nothing beside scores of other histories.
  public var score: Float
}

/// Says what may come next after a history.
public final class RecommendationPredictor {
  public let description: RecommendationModelDescription
  private let network: any SequenceModel
  private let numerics: Numerics
  let vocabulary: ItemVocabulary
  private var functions: [[TensorType]: Function] = [:]

  /// - Throws: ``MartletError`` when the description has another number of items than the network.
  public init(
    network: any SequenceModel, description: RecommendationModelDescription, numerics: Numerics = .current
  ) throws {
    try description.check(itemCount: network.itemCount)
    self.network = network
    self.description = description
    self.numerics = numerics
    vocabulary = ItemVocabulary(description.items)
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
    let input = try SequenceInput(histories, maximumLength: network.maximumLength)
    let function = try function(for: [input.items.type, input.lengths.type])
    let width = network.itemCount + 1
    try function([input.items, input.lengths])[0].withElements { (scores: UnsafeBufferPointer<Float>) in
      for row in histories.indices {
        try body(row, UnsafeBufferPointer(rebasing: scores[row * width..<(row + 1) * width]))
      }
    }
  }

  private func function(for types: [TensorType]) throws -> Function {
    if let known = functions[types] { return known }
    let function = try Function(types, numerics: numerics) { [network] input in
      [try network.scores(network.represent(items: input[0], lengths: input[1]))]
    }
    functions[types] = function
    return function
  }
}
