/// Text as it may stand in CSV.
enum CSVText {
  /// A field as RFC 4180 has it: in quotes where it holds a comma, a quote or a line break.
  static func field(_ text: String) -> String {
    let special: [Unicode.Scalar] = [",", "\"", "\n", "\r"]
    guard text.unicodeScalars.contains(where: special.contains) else { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { result += "\"" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }
}
