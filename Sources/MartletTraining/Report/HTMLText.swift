import Foundation

/// Text and numbers as they may stand in HTML.
enum HTMLText {
  /// Text for an element or a quoted attribute.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // HTML has no way to write other control characters.
      case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A figure with four digits; a dash where there is none.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    if value != 0, abs(value) < 0.001 || abs(value) >= 100_000 { return String(format: "%.2e", value) }
    if value == value.rounded(), abs(value) >= 10 { return String(Int(value)) }
    return String(format: "%.4f", value)
  }

  /// A share of 1 in percent.
  static func percent(_ value: Double) -> String {
    value.isFinite ? String(format: "%.1f%%", value * 100) : "–"
  }

  /// A position in a drawing.
  static func coordinate(_ value: Double) -> String { String(format: "%.1f", value) }
}
