import Martlet
import MartletData

/// The numbers of the items that a network knows, by name. Names are told apart by their bytes.
struct ItemVocabulary: Sendable {
  let names: [String]
  private let table: TokenTable

  /// - Parameter names: The first is that of item 1.
  init(_ names: [String]) {
    self.names = names
    var table = TokenTable()
    for name in names { _ = table.insert(name) }
    self.table = table
  }

  /// An item's number, from 1; `nil` for an item that is not known.
  func number(of name: String) -> Int32? { table.index(of: name).map { Int32(truncatingIfNeeded: $0) + 1 } }

  /// A log's sequences with the items under the network's numbers, and how many interactions are left out because the
  /// network does not know their items. Users stay, even those that nothing is left of.
  ///
  /// - Throws: ``MartletError`` when nothing is left at all.
  func dataset(_ log: InteractionLog) throws -> (dataset: SequenceDataset, leftOut: Int) {
    if log.items.lazy.map({ Array($0.utf8) }).elementsEqual(names.lazy.map { Array($0.utf8) }) {
      return (try SequenceDataset(log), 0)
    }
    let numbers = log.items.map { number(of: $0) }
    let known = (0..<log.count).lazy.map { log[$0] }.compactMap { interaction in
      numbers[Int(interaction.item)].map { number in
        InteractionLog.Interaction(user: interaction.user, item: UInt32(number - 1), time: interaction.time)
      }
    }
    let count = log.itemIndices.count { numbers[Int($0)] != nil }
    try require(
      count > 0, "interactions",
      "expected items that the network was trained on, such as \"\(names.first ?? "")\", got none among "
        + "\(counted(log.items.count, "item"))\(log.items.first.map { ", such as \"\($0)\"" } ?? "")")
    let ours = try InteractionLog(users: log.users, items: names, interactions: known)
    return (try SequenceDataset(ours), log.count - count)
  }
}
