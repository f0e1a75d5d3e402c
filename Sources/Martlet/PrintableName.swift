/// A name from a file as it may stand in a message: on one line, and not endless.
package func printable(_ name: String) -> String {
  let limit = 120
  let start = name.unicodeScalars.prefix(limit + 1)
  var text = ""
  for scalar in start.prefix(limit) {
    text += scalar.properties.generalCategory == .control ? "\u{FFFD}" : String(scalar)
  }
  return start.count > limit ? text + "…" : text
}
