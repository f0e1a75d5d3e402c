#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where files are, however their paths are written.
package enum FilePlace {
  /// What a path leads to, so that two ways of writing it compare equal, links included. The file itself, or the folders
  /// that lead to it, need not be there.
  package static func of(_ path: String) -> String { of(path, links: largestLinkCount) }

  /// As many links in a row as Linux follows.
  static let largestLinkCount = 40

  /// - Parameter links: How many links to what is not there are followed at most.
  private static func of(_ path: String, links: Int) -> String {
    if let real = real(path) { return real }
    if links > 0, let next = next(ofLink: path) { return of(next, links: links - 1) }
    var folder = path[...]
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    let slash = folder.lastIndex(of: "/")
    let name = slash.map { folder[folder.index(after: $0)...] } ?? folder
    let above =
      slash.map { $0 == folder.startIndex ? "/" : of(String(folder[..<$0]), links: links) } ?? real(".") ?? ""
    switch name {
    case ".", "": return above
    case "..": return parent(of: above)
    default: return above == "/" ? "/" + name : above + "/" + name
    }
  }

  /// The folder that a place lies in.
  package static func parent(of place: String) -> String {
    guard let slash = place.lastIndex(of: "/"), slash > place.startIndex else { return "/" }
    return String(place[..<slash])
  }

  /// Where a symbolic link leads, if only to another link or to nothing; nil for anything else.
  static func next(ofLink path: String) -> String? {
    guard let target = target(ofLink: path) else { return nil }
    guard !target.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return target }
    return path[...slash] + target
  }

  /// What a symbolic link says; nil for anything else.
  private static func target(ofLink path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { text in
      guard let start = text.baseAddress else { return nil }
      let count = readlink(path, start, text.count)
      guard count >= 0 else { return nil }
      return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  /// The file that a path leads to, by links too; nil where there is none.
  static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
