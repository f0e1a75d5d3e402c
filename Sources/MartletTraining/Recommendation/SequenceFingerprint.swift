import Foundation
import Martlet
import MartletData

/// What the interactions of a training were: kept in checkpoints, so that a run does not go on with others.
struct SequenceFingerprint: Codable, Hashable, Sendable {
  var users: Int
  var items: Int
  var interactions: Int
  /// The dataset's own, which holds a checksum of all names and sequences.
  var checksum: String

  init(_ dataset: SequenceDataset) {
    users = dataset.userCount
    items = dataset.itemCount
    interactions = dataset.interactionCount
    checksum = dataset.fingerprint
  }

  /// Reads what ``text`` gave.
  init(text: String) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    } catch {
      throw MartletError("checkpoint", "what it says of the training's interactions cannot be read")
    }
  }

  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(self) else { preconditionFailure("a fingerprint encodes as JSON") }
    return String(decoding: data, as: UTF8.self)
  }

  /// How the data has changed since; `nil` when it has not.
  func change(to now: SequenceFingerprint) -> String? {
    if self == now { return nil }
    let counts = [
      ("interaction", interactions, now.interactions), ("user", users, now.users), ("item", items, now.items),
    ]
    let changes = counts.filter { $0.1 != $0.2 }.map { "\(counted($0.2, $0.0)) instead of \($0.1)" }
    return changes.isEmpty
      ? "there are as many interactions, users and items, but they, their names or their order are others"
      : "there are \(changes.joined(separator: ", "))"
  }
}
