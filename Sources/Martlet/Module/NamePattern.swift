/// A pattern for dotted names: `*` stands for any characters, dots among them, and `?` for one.
///
/// It matches a name as a whole, or a beginning of it up to a dot: `decoder.1` matches `decoder.1.conv1.weight`, and so
/// does `*.conv1`.
public struct NamePattern: Hashable, Sendable {
  public let text: String
  private let pattern: [UInt8]

  public init(_ text: String) {
    self.text = text
    pattern = Array(text.utf8)
  }

  public func matches(_ name: String) -> Bool {
    let name = Array(name.utf8)
    // Where in the pattern and in the name to go on from when what follows the last star does not fit.
    var star: (pattern: Int, name: Int)?
    var p = 0
    var n = 0
    while true {
      if p == pattern.count, n == name.count || name[n] == UInt8(ascii: ".") { return true }
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        p += 1
        star = (p, n)
      } else if p < pattern.count, n < name.count, pattern[p] == name[n] || pattern[p] == UInt8(ascii: "?") {
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
