import Martlet

/// A history and what came next: the user's items before a position, and the one at it.
public struct SequenceExample: Hashable, Sendable {
  /// The user's number in the dataset, from 0.
  public var user: Int
  /// The position of the target in the user's sequence, counted from 0, and so the length of the history.
  public var end: Int

  public init(user: Int, end: Int) {
    self.user = user
    self.end = end
  }
}

/// Examples of users' sequences, without the sequences. They take memory for each user, not for each example.
public struct SequenceExamples: RandomAccessCollection, Hashable, Sendable {
  /// Users that have examples, in ascending order.
  private var users: [UInt32] = []
  /// Where each of these users' first target is in the user's sequence. The next targets follow it.
  private var firstEnds: [UInt32] = []
  /// Where each of these users' examples begin, and at last where all end.
  private var starts = [0]

  /// Adds a user's examples with the targets at these positions. Users come in ascending order.
  mutating func append(user: Int, ends: Range<Int>) {
    if ends.isEmpty { return }
    users.append(UInt32(user))
    firstEnds.append(UInt32(ends.lowerBound))
    starts.append(starts[starts.count - 1] + ends.count)
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { starts[starts.count - 1] }

  /// The number of users that have examples.
  public var userCount: Int { users.count }

  /// An example, found in a time that grows with the logarithm of the number of users.
  public subscript(position: Int) -> SequenceExample {
    precondition(position >= 0 && position < endIndex, "an example beyond the collection's end")
    let place = place(of: position)
    return SequenceExample(
      user: Int(users[place]), end: Int(firstEnds[place]) + position - starts[place])
  }

  /// The positions of the targets of the user that an example is of.
  func ends(ofUserAt position: Int) -> Range<Int> {
    let place = place(of: position)
    let first = Int(firstEnds[place])
    return first..<first + starts[place + 1] - starts[place]
  }

  /// Users that have examples, each with the positions of the targets.
  var endsByUser: some Sequence<(user: Int, ends: Range<Int>)> {
    users.indices.lazy.map { place in (Int(users[place]), ends(ofUserAt: starts[place])) }
  }

  /// The last of those that begin at or before a position.
  private func place(of position: Int) -> Int {
    var low = 0
    var high = users.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }
}
