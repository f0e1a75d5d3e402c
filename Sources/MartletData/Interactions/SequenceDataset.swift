import Martlet
import MartletInterchange

/// What each user acted on, in the order of time.
///
/// Users have the numbers they have in the log. Items are numbered from 1 on, in the log's order; 0 is the padding
/// that fills short sequences up. An interaction takes 4 bytes.
public struct SequenceDataset: Sendable {
  /// The number of items, without the padding.
  public var itemCount: Int { itemNames.count - 1 }
  /// The items' names by number, and `[PAD]` for number 0.
  public let itemNames: [String]
  /// The users' names.
  public let userNames: [String]
  /// The number of users, those without interactions included.
  public var userCount: Int { userNames.count }
  /// Whether the log had times; otherwise its order is theirs.
  public let hasTimes: Bool
  /// The number of interactions of all users.
  public var interactionCount: Int { items.count }

  /// All users' items, user after user.
  private let items: [Int32]
  /// Where each user's items begin, and at last where all end.
  private let starts: [Int]
  /// Numbers from 0 for the names of items, without the padding.
  private let table: TokenTable

  /// Brings a log in order. Interactions of a user at the same time stay in the log's order.
  ///
  /// - Throws: ``MartletError`` for a log without interactions, or with more than 32 bits can number.
  public init(_ log: InteractionLog) throws {
    try require(log.count > 0, "interactions", "expected interactions, got none")
    try require(
      log.count < Int(UInt32.max) && log.items.count < Int(Int32.max), "interactions",
      "expected fewer than 2^32 interactions and 2^31 items, got \(log.count) and \(log.items.count)")
    var starts = [Int](repeating: 0, count: log.users.count + 1)
    for user in log.userIndices { starts[Int(user) + 1] += 1 }
    for user in log.users.indices { starts[user + 1] += starts[user] }
    self.starts = starts
    items = Self.orderedItems(log, starts)
    hasTimes = !log.times.isEmpty
    itemNames = ["[PAD]"] + log.items
    userNames = log.users
    var table = TokenTable()
    for name in log.items { _ = table.insert(name) }
    self.table = table
  }

  /// Each user's items in the order of time, user after user.
  private static func orderedItems(_ log: InteractionLog, _ starts: [Int]) -> [Int32] {
    // First positions in the log, 32 bits each, which items then replace: by user, and by the log's order within one.
    var next = starts
    var values = [Int32](repeating: 0, count: log.count)
    for position in 0..<log.count {
      let user = Int(log.userIndices[position])
      values[next[user]] = Int32(truncatingIfNeeded: position)
      next[user] += 1
    }
    if !log.times.isEmpty {
      var own: [(time: Double, position: UInt32)] = []
      for user in log.users.indices {
        let range = starts[user]..<starts[user + 1]
        own.removeAll(keepingCapacity: true)
        var isOrdered = true
        for value in values[range] {
          let time = log.times[Int(UInt32(bitPattern: value))]
          if let last = own.last, last.time > time { isOrdered = false }
          own.append((time, UInt32(bitPattern: value)))
        }
        if isOrdered { continue }
        // The log's order decides between equal times.
        own.sort { $0.time == $1.time ? $0.position < $1.position : $0.time < $1.time }
        for (place, entry) in zip(range, own) { values[place] = Int32(bitPattern: entry.position) }
      }
    }
    for place in values.indices {
      values[place] = Int32(truncatingIfNeeded: log.itemIndices[Int(UInt32(bitPattern: values[place]))]) + 1
    }
    return values
  }

  /// A user's items in the order of time, oldest first, each at least 1.
  ///
  /// Indices of the slice do not begin at 0: those of `dropFirst`, `prefix` and `suffix` are counted from its start.
  public func sequence(of user: Int) -> ArraySlice<Int32> { items[starts[user]..<starts[user + 1]] }

  /// The number of a user's interactions.
  public func length(of user: Int) -> Int { starts[user + 1] - starts[user] }

  /// An item's number; `nil` for a name that the data does not have.
  public func item(named name: String) -> Int32? {
    table.index(of: name).map { Int32(truncatingIfNeeded: $0) + 1 }
  }

  /// The numbers of items that are given by name, such as a history from somewhere else.
  ///
  /// - Throws: ``MartletError`` naming those that the data does not have.
  public func sequence(ofItems names: [String]) throws -> [Int32] {
    let numbers = names.map { item(named: $0) }
    let unknown = zip(names, numbers).filter { $0.1 == nil }.map { "\"\($0.0)\"" }
    try require(
      unknown.isEmpty, "interactions",
      "expected items of the data that the model was trained on, got \(unknown.prefix(5).joined(separator: ", "))"
        + (unknown.count > 5 ? " and \(unknown.count - 5) more" : ""))
    return numbers.compactMap { $0 }
  }

  /// Tells this data from any other: how much there is, and a checksum of all names and sequences.
  ///
  /// It is kept with a run, so that training does not go on with other data than it began with.
  public var fingerprint: String {
    var checksum = CRC32C()
    for names in [userNames, itemNames] {
      for var name in names {
        name.withUTF8 { checksum.update(UnsafeRawBufferPointer($0)) }
        // No name holds this byte, which is not of UTF-8, so that it tells where one ends.
        withUnsafeBytes(of: UInt8.max) { checksum.update($0) }
      }
    }
    starts.withUnsafeBytes { checksum.update($0) }
    items.withUnsafeBytes { checksum.update($0) }
    let digits = String(checksum.value, radix: 16)
    let padding = String(repeating: "0", count: 8 - digits.count)
    return
      "\(userCount) users, \(itemCount) items, \(interactionCount) interactions, CRC-32C \(padding)\(digits)"
  }
}
