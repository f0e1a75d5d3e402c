import Foundation

/// Makes numbered items on other threads, a bounded number ahead, and gives them in order.
final class Prefetcher<Item: Sendable>: Sendable {
  /// Makes one item. The second argument says whether it was cancelled.
  typealias Produce = @Sendable (Int, () -> Bool) throws -> Item

  private let queue: Queue
  private let isInline: Bool

  /// - Parameters:
  ///   - depth: Items that wait or are being made at one time. With 0 the consumer makes them itself.
  init(range: Range<Int>, depth: Int, threadCount: Int, produce: @escaping Produce) {
    queue = Queue(range: range, depth: max(depth, 1), produce: produce)
    isInline = depth == 0
    if isInline { return }
    for _ in 0..<min(threadCount, depth, range.count) {
      // Threads know the queue, not this object, so that letting go of this object ends them.
      let thread = Thread { [queue] in queue.work() }
      thread.name = "martlet-loader"
      thread.start()
    }
  }

  deinit { queue.cancel() }

  /// The next item, `nil` after the last one or after ``cancel()``.
  func next() throws -> Item? { isInline ? try queue.makeNext() : try queue.takeNext() }

  func cancel() { queue.cancel() }

  /// What producers and consumer share.
  private final class Queue: @unchecked Sendable {
    private let end: Int
    private let depth: Int
    private let produce: Produce

    // All below is guarded by the condition.
    private let condition = NSCondition()
    private var made: [Int: Result<Item, any Error>] = [:]
    private var nextToMake: Int
    private var nextToTake: Int
    private var failure: (any Error)?
    private var isCancelled = false

    init(range: Range<Int>, depth: Int, produce: @escaping Produce) {
      self.depth = depth
      self.produce = produce
      end = range.upperBound
      nextToMake = range.lowerBound
      nextToTake = range.lowerBound
    }

    private func locked<Value>(_ body: () throws -> Value) rethrows -> Value {
      condition.lock()
      defer { condition.unlock() }
      return try body()
    }

    func cancel() {
      locked {
        isCancelled = true
        made.removeAll()
        condition.broadcast()
      }
    }

    /// A producer: takes numbers and makes their items until there are no more.
    func work() {
      while let number = locked({ numberToMake() }) {
        let result = Result { try make(number) }
        locked {
          if !isCancelled { made[number] = result }
          condition.broadcast()
        }
      }
    }

    private func make(_ number: Int) throws -> Item {
      try produce(number) { self.locked { self.isCancelled } }
    }

    private func numberToMake() -> Int? {
      while !isCancelled && failure == nil && nextToMake < end && nextToMake >= nextToTake + depth {
        condition.wait()
      }
      guard !isCancelled, failure == nil, nextToMake < end else { return nil }
      defer { nextToMake += 1 }
      return nextToMake
    }

    /// The consumer's side where items are made ahead.
    func takeNext() throws -> Item? {
      let result: Result<Item, any Error>? = locked {
        while !isCancelled, failure == nil, nextToTake < end, made[nextToTake] == nil { condition.wait() }
        if isCancelled { return nil }
        if let failure { return .failure(failure) }
        guard let result = made.removeValue(forKey: nextToTake) else { return nil }
        nextToTake += 1
        if case .failure(let error) = result { failure = error }
        condition.broadcast()
        return result
      }
      return try result?.get()
    }

    /// The consumer's side where nothing is made ahead.
    func makeNext() throws -> Item? {
      guard let number = locked({ numberToMake() }) else {
        if let failure = locked({ isCancelled ? nil : failure }) { throw failure }
        return nil
      }
      let result = Result { try make(number) }
      // Others wait for this one to be taken, or for what ends them too.
      let isWanted = locked {
        nextToTake += 1
        if case .failure(let error) = result { failure = error }
        condition.broadcast()
        return !isCancelled
      }
      return isWanted ? try result.get() : nil
    }
  }
}
