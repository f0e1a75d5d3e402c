import Martlet

/// What is wrong with a dataset, gathered so that a user sees all of it at once.
struct DatasetProblems {
  static let shown = 20
  private(set) var messages: [String] = []

  mutating func add(_ message: String) { messages.append(message) }

  /// Throws one error with the first 20 problems unless there are none.
  func throwIfAny() throws {
    if messages.isEmpty { return }
    if messages.count == 1 { throw MartletError("dataset", messages[0]) }
    let list = messages.prefix(Self.shown).map { "\n  - \($0)" }.joined()
    let rest = messages.count > Self.shown ? "\n  and \(messages.count - Self.shown) more" : ""
    throw MartletError("dataset", "\(messages.count) problems:\(list)\(rest)")
  }
}
