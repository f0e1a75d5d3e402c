import Martlet
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension AtomicFile {
  /// The temporary names of all drafts of the process.
  private static let drafts = Mutex<Set<String>>([])

  /// Removes all files that are being written, and calls `body`, which ends the process: no file takes its name after
  /// that.
  package static func removeDrafts(_ body: () -> Never) -> Never {
    drafts.withLock { paths -> Never in
      for path in paths { unlink(path) }
      body()
    }
  }

  /// A file that is being written and takes its name by ``commit()``, such as one of several that are to appear
  /// together. Let go of before that, it leaves nothing behind.
  ///
  /// What is no file but takes bytes is written to as it is, without a temporary name.
  public final class Draft {
    /// What is written to, up to ``commit()``.
    public let contents: Contents
    private let path: String
    private let operation: String
    /// Where the bytes are and where they go; nil where they go as they come.
    private var names: (temporary: String, final: String)?

    /// - Parameter operation: The name that errors carry in brackets.
    /// - Throws: ``MartletError`` that names the path when the folder is missing or unwritable.
    public init(_ path: String, operation: String = "file") throws {
      self.path = path
      self.operation = operation
      if AtomicFile.takesBytes(path) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        if descriptor < 0 { throw AtomicFile.failure(path, errno, operation) }
        contents = Contents(FileDescriptor(number: descriptor), path, operation)
        names = nil
      } else {
        let final = try AtomicFile.resolvingLinks(path, operation)
        let temporary = try AtomicFile.drafts.withLock { paths in
          let made = try AtomicFile.createTemporary(for: final, shownAs: path, operation)
          paths.insert(made.path)
          return made
        }
        AtomicFile.copyPermissions(of: final, to: temporary.descriptor)
        contents = Contents(FileDescriptor(number: temporary.descriptor), path, operation)
        names = (temporary.path, final)
      }
    }

    deinit {
      guard let names else { return }
      AtomicFile.drafts.withLock { paths in
        unlink(names.temporary)
        paths.remove(names.temporary)
      }
    }

    /// Forces the bytes to the disk and gives the file its name.
    ///
    /// - Throws: ``MartletError`` that names the path; nothing is left behind then.
    public func commit() throws {
      try contents.synchronize()
      guard let names else { return }
      let error = AtomicFile.drafts.withLock { paths -> Int32? in
        guard rename(names.temporary, names.final) == 0 else { return errno }
        paths.remove(names.temporary)
        return nil
      }
      if let error { throw AtomicFile.failure(path, error, operation) }
      self.names = nil
      AtomicFile.syncFolder(of: names.final)
    }

    /// An error of a library that wrote the file itself.
    package func failure(_ number: Int32) -> MartletError { AtomicFile.failure(path, number, operation) }
  }
}
