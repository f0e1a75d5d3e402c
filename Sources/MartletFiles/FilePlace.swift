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
  package static func of(_ path: String) -> String {
    if let real = real(path) { return real }
    var folder = path[...]
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    guard let slash = folder.lastIndex(of: "/") else { return (real(".") ?? "") + "/" + folder }
    let name = folder[folder.index(after: slash)...]
    let above = slash == folder.startIndex ? "/" : of(String(folder[..<slash]))
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

  /// The file that a path leads to, by links too; nil where there is none.
  static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
