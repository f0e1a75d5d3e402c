/// A pattern for dotted names: `*` stands for any characters, dots among them, and `?` for one.
///
/// It matches a name as a whole, or a beginning of it up to a dot: `decoder.1` matches `decoder.1.conv1.weight`, and so
/// does `*.conv1`.
public struct NamePattern: Hashable, Sendable {
  /// The pattern as it was given.
  public let text: String
  private let pattern: [Character]

  /// - Parameter text: Any text is a pattern. Stars and question marks cannot be escaped.
  public init(_ text: String) {
    self.text = text
    pattern = Array(text)
  }

  /// Whether the pattern matches a name as a whole, or up to one of its dots.
  public func matches(_ name: String) -> Bool {
    let name = Array(name)
    // Where in the pattern and in the name to go on from when what follows the last star does not fit.
    var star: (pattern: Int, name: Int)?
    var p = 0
    var n = 0
    while true {
      if p == pattern.count, n == name.count || name[n] == "." { return true }
      if p < pattern.count, pattern[p] == "*" {
        p += 1
        star = (p, n)
      } else if p < pattern.count, n < name.count, pattern[p] == name[n] || pattern[p] == "?" {
        p += 1
        n += 1
      } else if let last = star, last.name < name.count {
        star = (last.pattern, last.name + 1)
        p = last.pattern
        n = last.name + 1
      } else {
        return false
      }
    }
  }
}
