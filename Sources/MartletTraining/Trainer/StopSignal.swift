import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Turns Ctrl-C and SIGTERM into a wish that is looked at between steps, so that a step is never cut short.
///
/// A second signal ends the process at once, as it would without this.
public final class StopSignal: @unchecked Sendable {
  private let requested = Mutex(false)
  /// Used by whoever calls ``listen()`` and ``ignore()``, one thread.
  private var sources: [any DispatchSourceSignal] = []

  public init() {}

  /// Whether a signal has come, or ``request()`` was called.
  public var isRequested: Bool { requested.withLock { $0 } }

  /// Asks for a stop as a signal would.
  public func request() { requested.withLock { $0 = true } }

  /// Starts to listen. The default action of both signals is restored when the first one comes.
  public func listen() {
    let queue = DispatchQueue(label: "martlet.signals")
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        request()
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
      }
      source.resume()
      sources.append(source)
    }
  }

  /// Stops listening and restores the default actions.
  public func ignore() {
    for source in sources { source.cancel() }
    sources = []
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
