import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Turns Ctrl-C, SIGTERM and a terminal that closes into a wish that is looked at between steps, so that a step is never
/// cut short.
///
/// A second Ctrl-C or SIGTERM ends the process at once, as it would without this.
public final class StopSignal: @unchecked Sendable {
  private let requested = Mutex(false)
  private let firstSignal: @Sendable () -> Void
  /// Used by whoever calls ``listen()`` and ``ignore()``, one thread.
  private var sources: [any DispatchSourceSignal] = []
  private var numbers: [Int32] = []

  /// - Parameter firstSignal: Called, on another thread, when the first signal comes.
  public init(firstSignal: @escaping @Sendable () -> Void = {}) { self.firstSignal = firstSignal }

  /// Whether a signal has come, or ``request()`` was called.
  public var isRequested: Bool { requested.withLock { $0 } }

  /// Asks for a stop as a signal would.
  public func request() { requested.withLock { $0 = true } }

  /// Starts to listen. The default action of Ctrl-C and SIGTERM is restored when the first signal comes; a closing
  /// terminal can send its own more than once.
  public func listen() {
    let queue = DispatchQueue(label: "martlet.signals")
    // What nohup ignores stays ignored.
    numbers = [SIGINT, SIGTERM] + (Self.isIgnored(SIGHUP) ? [] : [SIGHUP])
    for number in numbers {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        let isFirst = requested.withLock { wasRequested in
          defer { wasRequested = true }
          return !wasRequested
        }
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        if isFirst { firstSignal() }
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Stops listening and restores the default actions.
  public func ignore() {
    for source in sources { source.cancel() }
    sources = []
    for number in numbers { signal(number, SIG_DFL) }
    numbers = []
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    let handler = signal(number, SIG_IGN)
    signal(number, handler)
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
