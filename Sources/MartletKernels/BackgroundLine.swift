/// Work that is done meanwhile, one piece after the other, on a thread that ends when nothing is left.
///
/// What prepares a start keeps one core busy beside the caller's: two threads for it would take turns with the caller
/// where there are no more cores.
package final class BackgroundLine: Sendable {
  /// The line of all that prepares for what the process will do next.
  package static let shared = BackgroundLine()

  private let mutex = PlatformMutex()
  // Guarded by the mutex. The first piece is being done.
  private nonisolated(unsafe) var pieces: [@Sendable () -> Void] = []

  init() {}

  /// Puts a piece at the end of the line. Where the system gives no thread it is done on the calling one.
  ///
  /// - Parameter piece: May add pieces, and wait for those before it, but neither for later ones nor for its caller.
  package func add(_ piece: @escaping @Sendable () -> Void) {
    mutex.lock()
    pieces.append(piece)
    let isFirst = pieces.count == 1
    mutex.unlock()
    if isFirst, !startDetachedThread(work) { work() }
  }

  private func work() {
    var done: (@Sendable () -> Void)?
    while true {
      mutex.lock()
      if done != nil { pieces.removeFirst() }
      let next = pieces.first
      mutex.unlock()
      // What the last piece held goes only here, where nobody waits for the line.
      done = next
      guard let next else { return }
      next()
    }
  }
}
