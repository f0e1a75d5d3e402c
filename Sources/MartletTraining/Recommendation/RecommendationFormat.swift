import Martlet
import MartletInterchange

/// How recommendations are written.
public enum RecommendationFormat: String, CaseIterable, Sendable {
  /// A heading, then a line an item: `user,rank,item,score`.
  case csv
  /// A JSON object a line: `{"user": …, "items": [{"item": …, "score": …}, …]}`.
  case jsonLines = "json-lines"

  /// What comes before the first recommendation.
  func heading(for subject: RecommendationSubject.Kind) -> String {
    self == .csv ? "\(subject.rawValue),rank,item,score\n" : ""
  }

  /// The lines for one history.
  ///
  /// - Throws: ``MartletError`` for a score that is not finite, which JSON cannot say.
  func lines(_ items: [RecommendedItem], for subject: RecommendationSubject) throws -> String {
    for item in items where !item.score.isFinite {
      throw MartletError(
        "predict", "expected a finite score, got \(item.score) for \"\(item.name)\" after \(subject)")
    }
    switch self {
    case .csv:
      let name =
        switch subject {
        case .user(let name): CSVText.field(name)
        case .line(let number): String(number)
        }
      return items.enumerated().map { rank, item in
        "\(name),\(rank + 1),\(CSVText.field(item.name)),\(item.score)\n"
      }.joined()
    case .jsonLines:
      let list = items.map { "{\"item\": \(JSONText.literal($0.name)), \"score\": \($0.score)}" }
      let name =
        switch subject {
        case .user(let name): JSONText.literal(name)
        case .line(let number): String(number)
        }
      return "{\"\(subject.kind.rawValue)\": \(name), \"items\": [\(list.joined(separator: ", "))]}\n"
    }
  }
}

/// Whom or what items are recommended for.
enum RecommendationSubject: CustomStringConvertible {
  enum Kind: String { case user, line }

  case user(String)
  /// The number of a line that a history was read from, from 1.
  case line(Int)

  var kind: Kind {
    switch self {
    case .user: .user
    case .line: .line
    }
  }

  var description: String {
    switch self {
    case .user(let name): "user \"\(name)\""
    case .line(let number): "line \(number)"
    }
  }
}
