import Foundation
import Martlet

@testable import MartletData

/// A folder with files of interactions.
final class InteractionFiles {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func file(_ text: String, _ name: String = "log") throws -> URL { try file(Array(text.utf8), name) }

  func file(_ bytes: [UInt8], _ name: String = "log") throws -> URL {
    URL(fileURLWithPath: try folder.file(name, holding: bytes))
  }

  func log(_ text: String, _ columns: InteractionColumns = InteractionColumns()) throws -> InteractionLog {
    try InteractionLog(contentsOf: file(text), columns: columns)
  }

  /// The text of the error that reading gives, without the path.
  func error(_ text: String, _ columns: InteractionColumns = InteractionColumns()) throws -> String {
    try error(Array(text.utf8), columns)
  }

  func error(_ bytes: [UInt8], _ columns: InteractionColumns = InteractionColumns()) throws -> String {
    let file = try file(bytes)
    return datasetErrorText { try InteractionLog(contentsOf: file, columns: columns) }
      .replacingOccurrences(of: file.path, with: "FILE")
  }
}

extension InteractionLog {
  /// Each interaction as "user item time".
  var lines: [String] {
    (0..<count).map { position in
      let interaction = self[position]
      return "\(users[Int(interaction.user)]) \(items[Int(interaction.item)]) \(interaction.time)"
    }
  }

  /// A log of users with so many interactions each, on items 0, 1, … in order.
  static func ofLengths(_ lengths: [Int]) throws -> InteractionLog {
    let longest = lengths.max() ?? 0
    return try InteractionLog(
      users: lengths.indices.map { "u\($0)" }, items: (0..<longest).map { "i\($0)" },
      interactions: lengths.enumerated().flatMap { user, length in
        (0..<length).map { Interaction(user: UInt32(user), item: UInt32($0), time: Double($0)) }
      })
  }
}

/// Interactions with films beside the package, which are not part of it.
enum FilmData {
  static let file = NucleiData.folder.deletingLastPathComponent().appendingPathComponent("ml-100k.inter")

  static var isPresent: Bool { FileManager.default.fileExists(atPath: file.path) }
}
