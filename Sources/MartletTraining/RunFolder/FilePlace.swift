import Foundation

/// Where files are, however their paths are written.
enum FilePlace {
  /// What a path leads to, so that two ways of writing it compare equal, links included. The file itself, or the folder
  /// too, need not be there.
  static func of(_ path: String) -> String {
    if let real = real(path) { return real }
    let url = URL(filePath: path).standardizedFileURL
    let parent = url.deletingLastPathComponent().path
    return (real(parent) ?? parent) + "/" + url.lastPathComponent
  }

  private static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
