import Synchronization

/// The pieces of a loop, a queue of neighbours for each thread.
///
/// Neighbouring pieces read much of the same memory, and a piece of one loop often writes what the same piece of the
/// next one reads: a thread that keeps to its queue finds it in its core's caches. One whose queue is empty takes from
/// those of others.
final class PieceQueues: @unchecked Sendable {
  /// Queues at most; more threads share them.
  private static let capacity = 64
  /// Words from one queue's to the next one's: two cache lines, which processors fetch together.
  private static let stride = 16

  /// The first piece that is left of each queue.
  private let first = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: capacity * stride)
  // Written while no thread takes.
  private nonisolated(unsafe) var pieces = 0
  private nonisolated(unsafe) var count = 1
  private nonisolated(unsafe) var backwards = false

  init() { for i in 0..<Self.capacity * Self.stride { (first + i).initialize(to: Atomic(0)) } }

  deinit {
    first.deinitialize(count: Self.capacity * Self.stride)
    first.deallocate()
  }

  /// Begins a loop, once all pieces of the last one were taken.
  ///
  /// - Parameter backwards: Each queue begins with its last piece.
  func fill(_ pieces: Int, threads: Int, backwards: Bool) {
    self.pieces = pieces
    self.backwards = backwards
    count = min(threads, Self.capacity)
    for queue in 0..<count { first[queue * Self.stride].store(start(queue), ordering: .relaxed) }
  }

  /// A piece that nobody has taken, by the thread of a number. There must be one left for each call.
  func take(_ thread: Int) -> Int {
    // A queue that is empty stays so, and who finds all others empty finds the last piece in the last queue.
    for offset in 0..<count {
      let queue = (thread + offset) % count
      let (place, begin, end) = (queue * Self.stride, start(queue), start(queue + 1))
      guard first[place].load(ordering: .relaxed) < end else { continue }
      let piece = first[place].wrappingAdd(1, ordering: .relaxed).oldValue
      if piece < end { return backwards ? begin + end - 1 - piece : piece }
    }
    preconditionFailure("more pieces were taken than there are")
  }

  private func start(_ queue: Int) -> Int { pieces * queue / count }
}
