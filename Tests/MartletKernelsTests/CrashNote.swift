@testable import MartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What tests are about to do, told if a kernel then touches memory that is not its own or traps: the process ends
/// there, and no expectation could say what the case was.
enum CrashNote {
  private static let slots = 64
  private static let capacity = 512

  /// Texts of the tests that are under way, each ended by a line feed and a zero; empty where there is none.
  nonisolated(unsafe) private static let texts = {
    let texts = UnsafeMutablePointer<CChar>.allocate(capacity: slots * capacity)
    texts.initialize(repeating: 0, count: slots * capacity)
    return texts
  }()
  /// Bad accesses, and what a trap raises.
  private static let signals = [SIGSEGV, SIGBUS, SIGILL]
  nonisolated(unsafe) private static var before = signals.map { _ in sigaction() }
  /// Slots that hold no text, guarded by `mutex`.
  nonisolated(unsafe) private static var free = Array(0..<slots)
  private static let mutex = PlatformMutex()

  /// Set up at its first use.
  private static let isInstalled: Bool = {
    // The handler must find everything made.
    precondition(texts[0] == 0)
    var action = sigaction()
    #if os(Linux)
      action.__sigaction_handler.sa_handler = tellNotes
    #else
      action.__sigaction_u.__sa_handler = tellNotes
    #endif
    return signals.indices.allSatisfy { sigaction(signals[$0], &action, &before[$0]) == 0 }
  }()

  static func with<Result>(_ text: String, _ body: () throws -> Result) rethrows -> Result {
    precondition(isInstalled)
    guard let slot = locked({ free.popLast() }) else { return try body() }
    let note = texts + slot * capacity
    for (i, byte) in (Array(text.utf8.prefix(capacity - 2)) + [10, 0]).enumerated() {
      note[i] = CChar(bitPattern: byte)
    }
    defer {
      note[0] = 0
      locked { free.append(slot) }
    }
    return try body()
  }

  private static func locked<Result>(_ body: () -> Result) -> Result {
    mutex.lock()
    defer { mutex.unlock() }
    return body()
  }

  /// Writes the notes. What raised the signal happens again under the handler of before, which ends the process.
  fileprivate static func tell() {
    for slot in 0..<slots where texts[slot * capacity] != 0 {
      write(STDERR_FILENO, texts + slot * capacity, strlen(texts + slot * capacity))
    }
    for i in signals.indices { sigaction(signals[i], &before[i], nil) }
  }
}

private func tellNotes(_: Int32) { CrashNote.tell() }
