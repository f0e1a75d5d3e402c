import Foundation

/// Where a training is, as far as a line of progress shows it.
struct ProgressState: Hashable {
  /// From 0.
  var epoch: Int
  var epochs: Int
  /// Steps of the epoch that are done.
  var step: Int
  var stepsPerEpoch: Int
  var loss: Double
  /// What samples are called in the plural.
  var sampleName = "images"
  var samplesPerSecond: Double?
  var secondsLeft: Double?
}

/// What a line may be made of.
struct ProgressStyle: Hashable {
  /// Columns of the terminal.
  var width = 80
  var hasColor = false
  /// Whether the terminal shows more than ASCII.
  var hasUnicode = true
}

/// The texts of progress; nothing here looks at a clock or a terminal.
enum ProgressFormat {
  /// A single line for a terminal, never wider than it: what matters least goes first when there is no room.
  static func line(_ state: ProgressState, _ style: ProgressStyle) -> String {
    let digits = String(state.epochs).count
    let epoch = "Epoch \(padded(String(state.epoch + 1), digits))/\(state.epochs)"
    let steps = "\(padded(String(state.step), String(state.stepsPerEpoch).count))/\(state.stepsPerEpoch)"
    let isValidating = state.step >= state.stepsPerEpoch
    let loss = "loss \(number(state.loss))"
    let speed =
      isValidating ? "validating" : state.samplesPerSecond.map { "\(rate($0)) \(state.sampleName)/s" }
    let left = state.secondsLeft.map { "\(duration($0)) left" }
    let room = max(style.width - 1, 0)

    let choices: [[String?]] = [[steps, loss, speed, left], [loss, speed, left], [loss, left], [loss]]
    for choice in choices {
      let parts = choice.compactMap { $0 }
      let taken = epoch.count + parts.reduce(0) { $0 + $1.count + 2 }
      let barWidth = min(room - taken - 2, 40)
      if barWidth >= 8 {
        let fraction = Double(state.step) / Double(max(state.stepsPerEpoch, 1))
        return ([epoch, bar(fraction, barWidth, style)] + parts).joined(separator: "  ")
      }
    }
    return String("\(epoch)  \(loss)".prefix(room))
  }

  /// The same for a log: a line on its own.
  static func plainLine(_ state: ProgressState) -> String {
    var parts = ["epoch \(state.epoch + 1)/\(state.epochs)", "step \(state.step)/\(state.stepsPerEpoch)"]
    parts.append("loss \(number(state.loss))")
    if let value = state.samplesPerSecond { parts.append("\(rate(value)) \(state.sampleName)/s") }
    if let value = state.secondsLeft { parts.append("\(duration(value)) left") }
    return parts.joined(separator: "  ")
  }

  /// What stays of an epoch.
  static func epochLine(
    epoch: Int, epochs: Int, figures: [(name: String, value: Double)], seconds: Double, isBest: Bool,
    _ style: ProgressStyle
  ) -> String {
    var parts = ["Epoch \(padded(String(epoch + 1), String(epochs).count))/\(epochs)"]
    parts += figures.map { "\($0.name) \(number($0.value))" }
    parts.append(duration(seconds))
    let line = parts.joined(separator: "  ")
    guard isBest else { return line }
    return line + "  " + (style.hasColor ? "\u{1B}[32mbest\u{1B}[0m" : "best")
  }

  /// A bar of `width` columns.
  static func bar(_ fraction: Double, _ width: Int, _ style: ProgressStyle) -> String {
    let filled = Int((min(max(fraction, 0), 1) * Double(width)).rounded(.down))
    let (full, empty) = style.hasUnicode ? ("━", style.hasColor ? "━" : "─") : ("#", "-")
    let done = String(repeating: full, count: filled)
    let rest = String(repeating: empty, count: width - filled)
    return style.hasColor ? "\u{1B}[36m\(done)\u{1B}[90m\(rest)\u{1B}[0m" : done + rest
  }

  /// Four digits behind the point, or powers of ten where those would show nothing.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return String(value) }
    if value != 0, abs(value) < 0.001 || abs(value) >= 10000 { return String(format: "%.2e", value) }
    return String(format: "%.4f", value)
  }

  /// Three digits of an amount a second.
  static func rate(_ value: Double) -> String {
    String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
  }

  /// Seconds, rounded to what one wants to know: `8s`, `3m 05s`, `1h 02m`, `2d 03h`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let seconds = Int(max(seconds, 0).rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
    switch seconds {
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m \(two(seconds % 60))s"
    case ..<86400: return "\(seconds / 3600)h \(two(seconds % 3600 / 60))m"
    default: return "\(seconds / 86400)d \(two(seconds % 86400 / 3600))h"
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
