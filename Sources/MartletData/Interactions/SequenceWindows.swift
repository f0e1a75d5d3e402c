import Martlet

/// Windows of users' sequences, in which every item is an example: of the items up to it, and the one after it.
///
/// For networks in which an item sees only what came before it. A window stands for as many examples as it has items, and
/// costs little more than one.
public struct SequenceWindows: Sendable {
  /// The user of each window, where its targets end in the user's sequence, and how many they are.
  private var users: [UInt32] = []
  private var ends: [UInt32] = []
  private var counts: [UInt32] = []
  /// Examples in all windows.
  public private(set) var exampleCount = 0

  /// - Parameters:
  ///   - examples: What the windows are made of: each example is in one of them.
  ///   - length: Examples of a window at most. A user's most recent window is filled first.
  /// - Throws: ``MartletError`` for a length below 1.
  public init(_ examples: SequenceExamples, length: Int) throws {
    try require(length >= 1, "windows", "expected a length of 1 or more, got \(length)")
    for (user, targets) in examples.endsByUser {
      var end = targets.upperBound
      while end > targets.lowerBound {
        let count = min(length, end - targets.lowerBound)
        users.append(UInt32(user))
        ends.append(UInt32(end))
        counts.append(UInt32(count))
        end -= count
      }
      exampleCount += targets.count
    }
  }

  /// The number of windows.
  public var count: Int { users.count }

  /// A window's user, and where its targets are in the user's sequence. The items that they come after lie one before.
  subscript(index: Int) -> (user: Int, targets: Range<Int>) {
    (Int(users[index]), Int(ends[index] - counts[index])..<Int(ends[index]))
  }
}

/// Makes batches of windows, in a new order for each epoch that follows from the seed and the epoch alone.
public struct SequenceWindowLoader: Sendable {
  /// The sequences that windows are of.
  public let dataset: SequenceDataset
  /// What batches are made of.
  public let windows: SequenceWindows
  /// L: the number of items that windows have, or are filled up to.
  public let length: Int
  /// Windows of each batch but the last, which may have fewer.
  public let batchSize: Int
  /// What the orders follow from.
  public let seed: UInt64

  /// - Parameters:
  ///   - dataset: The sequences.
  ///   - examples: Examples of the dataset, such as ``LeaveOneOutSplit/training``.
  ///   - length: L, the number of items that windows have, or are filled up to.
  ///   - batchSize: Windows of each batch but the last, which may have fewer.
  ///   - seed: What the orders follow from.
  /// - Throws: ``MartletError`` naming the argument that cannot be meant.
  public init(
    _ dataset: SequenceDataset, _ examples: SequenceExamples, length: Int, batchSize: Int, seed: UInt64
  ) throws {
    try require(!examples.isEmpty, "windows", "expected examples, got none")
    try require(batchSize > 0, "windows", "expected a batch size of 1 or more, got \(batchSize)")
    try examples.check(belongTo: dataset, "windows")
    self.dataset = dataset
    windows = try SequenceWindows(examples, length: length)
    self.length = length
    self.batchSize = batchSize
    self.seed = seed
  }

  /// Batches of each epoch.
  public var batchCount: Int { (windows.count - 1) / batchSize + 1 }

  /// Which windows the batches of an epoch hold, in order.
  public func order(epoch: Int) -> [UInt32] { EpochOrder.shuffled(windows.count, seed: seed, epoch: epoch) }

  /// The batch at a position of an epoch's order.
  ///
  /// - Returns: int32 [N, L] items, oldest first and 0 after the last; int32 [N, L] what came after each of them, or 0;
  ///   and how many examples these are.
  public func batch(
    _ index: Int, of order: [UInt32]
  ) throws -> (items: Tensor, targets: Tensor, exampleCount: Int) {
    let chosen = order[index * batchSize..<min((index + 1) * batchSize, order.count)].map { windows[Int($0)] }
    func tensor(shift: Int) throws -> Tensor {
      try Tensor(type: TensorType([chosen.count, length], .int32)) {
        (elements: UnsafeMutableBufferPointer<Int32>) in
        elements.initialize(repeating: 0)
        for (row, window) in chosen.enumerated() {
          let sequence = dataset.sequence(of: window.user)
          for (column, position) in window.targets.enumerated() {
            elements[row * length + column] = sequence[sequence.startIndex + position - shift]
          }
        }
      }
    }
    return (try tensor(shift: 1), try tensor(shift: 0), chosen.reduce(0) { $0 + $1.targets.count })
  }
}
