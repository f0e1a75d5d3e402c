import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a display draws on, and the clock that it goes by.
struct ProgressOutput {
  var isTerminal: Bool
  /// Asked for each line, since a window can be resized.
  var style: () -> ProgressStyle
  var write: (String) -> Void
  /// Seconds from any start, never going back.
  var now: () -> Double

  static var standardError: ProgressOutput {
    let environment = ProcessInfo.processInfo.environment
    let isTerminal = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
    return ProgressOutput(
      isTerminal: isTerminal,
      style: { style(environment, isTerminal: isTerminal, width: terminalWidth()) },
      // Who closed the other end does not want to read; that is no reason to stop a training.
      write: { try? FileHandle.standardError.write(contentsOf: Data($0.utf8)) },
      now: { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 })
  }

  static func style(_ environment: [String: String], isTerminal: Bool, width: Int?) -> ProgressStyle {
    // The first of these that is set decides, as in setlocale(3).
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let codeset = locale.lowercased()
    return ProgressStyle(
      width: width ?? environment["COLUMNS"].flatMap { Int($0) } ?? 80,
      hasColor: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
      hasUnicode: codeset.contains("utf-8") || codeset.contains("utf8"))
  }

  private static func terminalWidth() -> Int? {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
