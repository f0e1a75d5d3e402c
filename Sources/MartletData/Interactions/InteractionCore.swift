import Martlet

extension InteractionLog {
  /// The largest part of the log in which each user and each item has at least so many interactions: its k-core.
  ///
  /// Users and items with fewer are left out again and again until nothing changes, since each that goes takes
  /// interactions from others. Interactions are counted, so that a user who acted twice on an item has two. Names are
  /// numbered anew, in the order of their first appearance in what remains.
  ///
  /// - Parameters:
  ///   - minimumUser: Interactions that each user has at least. With 0 and 1 all do.
  ///   - minimumItem: Interactions that each item has at least.
  /// - Throws: ``MartletError`` for a negative number, and when nothing remains.
  public func keepingCore(minimumUser: Int, minimumItem: Int) throws -> InteractionLog {
    for (name, minimum) in [("a user", minimumUser), ("an item", minimumItem)] {
      try require(
        minimum >= 0, "interactions",
        "expected a minimum of 0 or more interactions for \(name), got \(minimum)"
      )
    }
    if minimumUser <= 1 && minimumItem <= 1 { return self }
    var core = Core(users: users.count, items: items.count)
    repeat { core.count(self) } while core.remove(minimumUser: minimumUser, minimumItem: minimumItem)
    try require(
      core.interactions > 0, "interactions",
      "expected users with at least \(minimumUser) and items with at least \(minimumItem) interactions; none of "
        + "\(users.count) users, \(items.count) items and \(count) interactions remains")
    return core.selection(of: self)
  }
}

/// Who and what is still there, and with how many interactions.
private struct Core {
  var keepsUser: [Bool]
  var keepsItem: [Bool]
  var userCounts: [UInt32]
  var itemCounts: [UInt32]
  var interactions = 0

  init(users: Int, items: Int) {
    keepsUser = Array(repeating: true, count: users)
    keepsItem = Array(repeating: true, count: items)
    userCounts = Array(repeating: 0, count: users)
    itemCounts = Array(repeating: 0, count: items)
  }

  func keeps(_ log: InteractionLog, _ position: Int) -> Bool {
    keepsUser[Int(log.userIndices[position])] && keepsItem[Int(log.itemIndices[position])]
  }

  mutating func count(_ log: InteractionLog) {
    for user in userCounts.indices { userCounts[user] = 0 }
    for item in itemCounts.indices { itemCounts[item] = 0 }
    interactions = 0
    for position in 0..<log.count where keeps(log, position) {
      userCounts[Int(log.userIndices[position])] += 1
      itemCounts[Int(log.itemIndices[position])] += 1
      interactions += 1
    }
  }

  /// Takes out what has too few interactions, and tells whether that was anything.
  mutating func remove(minimumUser: Int, minimumItem: Int) -> Bool {
    var hasRemoved = false
    for user in keepsUser.indices where keepsUser[user] && userCounts[user] < minimumUser {
      keepsUser[user] = false
      hasRemoved = true
    }
    for item in keepsItem.indices where keepsItem[item] && itemCounts[item] < minimumItem {
      keepsItem[item] = false
      hasRemoved = true
    }
    return hasRemoved
  }

  /// The interactions that remain, with names numbered anew.
  func selection(of log: InteractionLog) -> InteractionLog {
    var users = Renumbering(log.users)
    var items = Renumbering(log.items)
    var userIndices: [UInt32] = []
    var itemIndices: [UInt32] = []
    var times: [Double] = []
    userIndices.reserveCapacity(interactions)
    itemIndices.reserveCapacity(interactions)
    if !log.times.isEmpty { times.reserveCapacity(interactions) }
    for position in 0..<log.count where keeps(log, position) {
      userIndices.append(users.number(of: log.userIndices[position]))
      itemIndices.append(items.number(of: log.itemIndices[position]))
      if !log.times.isEmpty { times.append(log.times[position]) }
    }
    return InteractionLog(
      users: users.names, items: items.names, userIndices: userIndices, itemIndices: itemIndices, times: times
    )
  }
}

/// New numbers for names, in the order in which they are asked for.
private struct Renumbering {
  private let oldNames: [String]
  private(set) var names: [String] = []
  private var numbers: [UInt32]

  init(_ oldNames: [String]) {
    self.oldNames = oldNames
    numbers = Array(repeating: .max, count: oldNames.count)
  }

  mutating func number(of old: UInt32) -> UInt32 {
    let index = Int(old)
    if numbers[index] == .max {
      numbers[index] = UInt32(truncatingIfNeeded: names.count)
      names.append(oldNames[index])
    }
    return numbers[index]
  }
}
