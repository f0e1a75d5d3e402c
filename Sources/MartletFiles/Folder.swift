import Martlet

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Folders made and listed, with errors that name the path.
package enum Folder {
  /// Checks the name of a folder to write to: an empty one would lead to the root of the file system.
  ///
  /// - Throws: ``MartletError`` when there is no name.
  package static func checkName(_ path: String, _ operation: String) throws {
    try require(!path.isEmpty, operation, "output: expected a folder, got an empty name")
  }

  /// Makes a folder and those that lead to it, where they are missing.
  ///
  /// - Throws: ``MartletError`` naming the path, when a file is in the way or the folder above is unwritable.
  package static func create(_ path: String) throws {
    var isMissing: [String] = []
    var current = path
    // From the folder upwards to the first that is there, then down again.
    while mkdir(current, 0o777) != 0 {
      let number = errno
      if number == EEXIST, isFolder(current) { break }
      guard number == ENOENT, let above = parent(of: current) else {
        let reason = number == EEXIST ? "a file of that name is in the way" : systemErrorText(number)
        throw MartletError("folder", "\(path): cannot be made: \(reason)")
      }
      isMissing.append(current)
      current = above
    }
    for folder in isMissing.reversed() where mkdir(folder, 0o777) != 0 && errno != EEXIST {
      throw MartletError("folder", "\(path): cannot be made: \(systemErrorText(errno))")
    }
  }

  /// The names of what is in a folder, in the order of their bytes; nil when there is nothing under the path.
  ///
  /// - Throws: ``MartletError`` naming the path, when it is not a folder or cannot be read.
  package static func names(in path: String) throws -> [String]? {
    try rawNames(in: path)?.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The same as bytes, which need not be UTF-8.
  package static func rawNames(in path: String) throws -> [[UInt8]]? {
    guard let directory = opendir(path) else {
      if errno == ENOENT { return nil }
      throw MartletError("folder", "\(path): cannot be read: \(systemErrorText(errno))")
    }
    defer { closedir(directory) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { text in
        text.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: text.pointee)) { text in
          UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }
        }
      }
      if name != Array(".".utf8) && name != Array("..".utf8) { names.append(name) }
    }
    if errno != 0 { throw MartletError("folder", "\(path): cannot be read: \(systemErrorText(errno))") }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Where a path leads when links are followed: to a folder, to something else, or nowhere for the reason given.
  package enum Target: Hashable {
    case folder
    case other
    case nothing(reason: String)
  }

  package static func target(of path: String) -> Target {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing(reason: systemErrorText(errno)) }
    return status.st_mode & S_IFMT == S_IFDIR ? .folder : .other
  }

  /// Whether there is an ordinary file, which writing would replace.
  package static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private static func isFolder(_ path: String) -> Bool { target(of: path) == .folder }

  private static func parent(of path: String) -> String? {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return nil }
    let above = trimmed[..<slash]
    return above.isEmpty ? nil : String(above)
  }
}
