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

  /// A table cell with a number and a bar as long as it is large.
  static func meter(_ value: Double) -> String {
    let share = value.isFinite ? min(max(value, 0), 1) : 0
    return "<td class=\"meter\"><span class=\"value\">\(number(value))</span>"
      + "<span class=\"track\" aria-hidden=\"true\"><span style=\"width:\(coordinate(share * 100))%\">"
      + "</span></span></td>"
  }
}
