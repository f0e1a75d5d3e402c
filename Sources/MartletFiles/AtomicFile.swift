import Martlet

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files that appear under their name complete or not at all.
///
/// The bytes go to a temporary file in the same folder, are forced to the disk, and take the final name in one
/// step. A reader, a full disk, a crash or a kill never meets half a file under the final name; what was there
/// before stays until the new file replaces it. When writing fails the temporary file is removed, and so it can be on a
/// signal (``removeDrafts(_:)``); when the process is killed, it is left as `.NAME.PROCESS-NUMBER.partial`.
///
/// What is no file but takes bytes, such as a pipe or `/dev/null`, is written to as it is and stays what it is.
public enum AtomicFile {
  /// The file that is being written, under its temporary name.
  public struct Contents: ~Copyable {
    private let descriptor: FileDescriptor
    private let path: String
    private let operation: String

    init(_ descriptor: consuming FileDescriptor, _ path: String, _ operation: String) {
      self.descriptor = descriptor
      self.path = path
      self.operation = operation
    }

    /// Writes after what has been written.
    public borrowing func append(_ bytes: UnsafeRawBufferPointer) throws {
      if let number = descriptor.write(bytes) { throw AtomicFile.failure(path, number, operation) }
    }

    /// Replaces bytes that were written before.
    public borrowing func overwrite(at offset: Int, with bytes: [UInt8]) throws {
      if let number = descriptor.write(bytes, at: offset) {
        throw AtomicFile.failure(path, number, operation)
      }
    }

    /// The number under which the operating system knows the file, for libraries that write it themselves.
    package var descriptorNumber: Int32 { descriptor.number }

    borrowing func synchronize() throws {
      // Pipes and some file systems cannot be synchronised; the file is whole either way.
      if fsync(descriptor.number) != 0, errno != EINVAL { throw AtomicFile.failure(path, errno, operation) }
    }
  }

  /// Writes `bytes` to the file at `path`, replacing one that is there. A symbolic link is followed.
  ///
  /// - Throws: ``MartletError`` that names the path when the folder is missing or unwritable or the disk full.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      try write(to: path) { try $0.append(buffer) }
    }
  }

  /// Writes text, as UTF-8.
  public static func write(_ text: String, to path: String) throws {
    try write(Array(text.utf8), to: path)
  }

  /// Writes what `body` appends, for files that are too large to be gathered in memory first.
  ///
  /// When `body` throws, nothing is left behind and its error is passed on.
  ///
  /// - Parameter operation: The name that errors carry in brackets.
  public static func write(
    to path: String, operation: String = "file", _ body: (borrowing Contents) throws -> Void
  ) throws {
    let draft = try Draft(path, operation: operation)
    try body(draft.contents)
    try draft.commit()
  }

  static func failure(_ path: String, _ number: Int32, _ operation: String) -> MartletError {
    MartletError(operation, "\(path): cannot be written: \(systemErrorText(number))")
  }

  /// Whether there is something at `path` that is neither a file nor a folder: a device, a pipe, a socket.
  static func takesBytes(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// The file that `path` leads to, so that a link stays a link, one to a file that is still to be made too.
  ///
  /// - Throws: ``MartletError`` for links that lead to each other.
  static func resolvingLinks(_ path: String, _ operation: String) throws -> String {
    var path = path
    for _ in 0..<FilePlace.largestLinkCount {
      if let real = FilePlace.real(path) { return real }
      guard let next = FilePlace.next(ofLink: path) else { return path }
      path = next
    }
    throw failure(path, ELOOP, operation)
  }

  /// Gives a new file the permissions of the one that it is to replace, where there is one.
  static func copyPermissions(of final: String, to descriptor: Int32) {
    var status = stat()
    guard stat(final, &status) == 0 else { return }
    // Refused, the new file has those of any other; its bytes are what counts.
    _ = fchmod(descriptor, status.st_mode & 0o777)
  }

  private static func split(_ path: String) -> (folder: String, name: Substring) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path[...]) }
    return (String(path[...slash]), path[path.index(after: slash)...])
  }

  static func createTemporary(
    for final: String, shownAs path: String, _ operation: String
  ) throws -> (path: String, descriptor: Int32) {
    let (folder, name) = split(final)
    try require(
      !name.isEmpty && !final.contains("\0"), operation, "expected the path of a file, got \"\(path)\"")
    for number in 0..<1000 {
      // A name may be 255 bytes long; a long one gives way to what makes it unique.
      let short = String(decoding: name.utf8.prefix(120), as: UTF8.self)
      let temporary = "\(folder).\(short).\(getpid())-\(number).partial"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (temporary, descriptor) }
      if errno != EEXIST { throw failure(path, errno, operation) }
    }
    throw failure(path, EEXIST, operation)
  }

  /// Makes the new name itself durable. A folder that cannot be opened or synced loses nothing but that.
  static func syncFolder(of path: String) {
    let folder = split(path).folder
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let file = FileDescriptor(number: descriptor)
    _ = fsync(file.number)
  }
}
