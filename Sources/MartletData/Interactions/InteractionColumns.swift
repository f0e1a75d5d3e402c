/// The columns of a file that an ``InteractionLog`` is read from.
///
/// Names are those of the header without a type: `user_id`, where the header says `user_id:token`.
public struct InteractionColumns: Hashable, Codable, Sendable {
  /// Who acted.
  public var user: String
  /// What they acted on.
  public var item: String
  /// When, as a number that grows with time; `nil` to take the order of the file for the order in time.
  public var time: String?
  /// Whether a file without the column ``time`` is refused. Otherwise its order is the order in time.
  public var requiresTime: Bool

  /// Columns whose time must be there when one is named.
  ///
  /// - Parameter time: `nil` to take the order of the file for the order in time.
  public init(user: String = "user_id", item: String = "item_id", time: String?) {
    self.user = user
    self.item = item
    self.time = time
    requiresTime = true
  }

  /// Columns whose time is `timestamp` where the file has such a column, and otherwise the order of the file.
  public init(user: String = "user_id", item: String = "item_id") {
    self.user = user
    self.item = item
    time = "timestamp"
    requiresTime = false
  }
}
