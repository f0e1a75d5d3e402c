import Foundation
import Martlet

/// Who acted on what, and when: what a recommender learns from.
///
/// Users and items are numbered from 0 in the order of their first appearance. An interaction takes 16 bytes, or 8
/// where there are no times.
///
/// ```swift
/// let log = try InteractionLog(contentsOf: file).keepingCore(minimumUser: 5, minimumItem: 5)
/// let dataset = try SequenceDataset(log)
/// ```
public struct InteractionLog: Hashable, Sendable {
  /// One interaction, with users and items by their index.
  public struct Interaction: Hashable, Sendable {
    /// A position in ``InteractionLog/users``.
    public var user: UInt32
    /// A position in ``InteractionLog/items``.
    public var item: UInt32
    /// A number that grows with time, in whatever unit the log has.
    public var time: Double

    public init(user: UInt32, item: UInt32, time: Double) {
      self.user = user
      self.item = item
      self.time = time
    }
  }

  /// The users' names, each once.
  public let users: [String]
  /// The items' names, each once.
  public let items: [String]
  /// The user of each interaction, in the order of the file.
  public let userIndices: [UInt32]
  /// The item of each interaction.
  public let itemIndices: [UInt32]
  /// The time of each interaction; empty when the log has no times, and its order is the order in time.
  public let times: [Double]

  /// The number of interactions.
  public var count: Int { userIndices.count }

  /// An interaction, at time 0 when the log has no times.
  public subscript(position: Int) -> Interaction {
    Interaction(
      user: userIndices[position], item: itemIndices[position], time: times.isEmpty ? 0 : times[position])
  }

  /// Unchecked, for what was counted while reading or filtering.
  init(
    users: [String], items: [String], userIndices: [UInt32], itemIndices: [UInt32], times: [Double]
  ) {
    self.users = users
    self.items = items
    self.userIndices = userIndices
    self.itemIndices = itemIndices
    self.times = times
  }

  /// A log made by a program.
  ///
  /// - Throws: ``MartletError`` naming a name that is empty or comes twice, an interaction with a user or item that
  ///   has no name, or one whose time is not finite; and when there are no interactions.
  public init(users: [String], items: [String], interactions: some Sequence<Interaction>) throws {
    try Self.checkNames(users, "user")
    try Self.checkNames(items, "item")
    var userIndices: [UInt32] = []
    var itemIndices: [UInt32] = []
    var times: [Double] = []
    for (position, interaction) in interactions.enumerated() {
      func check(_ kind: String, _ index: UInt32, _ count: Int) throws {
        try require(
          index < count, "interactions",
          "interaction \(position): expected \(kind) below \(count), got \(index)")
      }
      try check("a user", interaction.user, users.count)
      try check("an item", interaction.item, items.count)
      try require(
        interaction.time.isFinite, "interactions",
        "interaction \(position): expected a finite time, got \(interaction.time)")
      userIndices.append(interaction.user)
      itemIndices.append(interaction.item)
      times.append(interaction.time)
    }
    try require(!userIndices.isEmpty, "interactions", "expected interactions, got none")
    self.init(users: users, items: items, userIndices: userIndices, itemIndices: itemIndices, times: times)
  }

  /// Names are told apart by their bytes, as they are in files.
  private static func checkNames(_ names: [String], _ kind: String) throws {
    var table = TokenTable()
    for name in names {
      try require(!name.isEmpty, "interactions", "expected a name for each \(kind), got an empty one")
      try require(
        table.insert(name).isNew, "interactions", "expected each \(kind) once, got \"\(name)\" twice")
    }
  }

  /// Reads a file, block by block: a log needs its own memory and that of one block.
  ///
  /// The header decides on the format.
  /// - *Atomic file*: fields between tabs, and in the header a type for each: `user_id:token`, `timestamp:float`. Types
  ///   are `token`, `float`, `token_seq` and `float_seq`; only the first two can be read.
  /// - *CSV* by RFC 4180: fields between commas, where one in double quotes may hold commas, line breaks and, doubled,
  ///   double quotes.
  ///
  /// Lines end with LF or CR LF, text is UTF-8, and a byte-order mark before the header and blank lines at the end are
  /// passed over. Only the columns that are asked for are looked into; all others merely have to be there.
  ///
  /// - Parameters:
  ///   - file: The file. It may also be a pipe, since it is read once, from its beginning to its end.
  ///   - columns: The columns that are read.
  /// - Throws: ``MartletError`` naming the file, the line, what was expected and what came: a file that cannot be read,
  ///   is empty or has no rows; a header without one of the columns; a row with more or fewer fields than the header;
  ///   a user or item that is empty or not UTF-8; a time that is not a finite number; a quote that is never closed.
  public init(contentsOf file: URL, columns: InteractionColumns = InteractionColumns()) throws {
    var reader = try InteractionReader(path: file.path, columns: columns)
    self = try reader.read()
  }
}
