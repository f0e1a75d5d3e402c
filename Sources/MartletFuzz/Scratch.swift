import Foundation

/// Files for readers that want a path. Each process has its own folder, in the system's folder for temporary files.
enum Scratch {
  private static let folder = FileManager.default.temporaryDirectory
    .appending(path: "martlet-fuzz-\(ProcessInfo.processInfo.processIdentifier)")

  /// The place of a file, in a folder that exists.
  static func url(_ name: String) throws -> URL {
    let url = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    return url
  }

  /// A file of these bytes.
  static func file(_ name: String, _ bytes: [UInt8]) throws -> URL {
    let url = try url(name)
    try Data(bytes).write(to: url)
    return url
  }

  /// What a writer writes.
  static func written(_ name: String, by write: (URL) throws -> Void) throws -> [UInt8] {
    let url = try url(name)
    try write(url)
    return Array(try Data(contentsOf: url))
  }
}
