import Martlet

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A regular file open for reading at any offset, from any thread.
///
/// Bytes are read and not mapped: a mapped file that another program shortens ends the process with a signal,
/// where a read comes back short and can be reported.
final class ReadableFile: Sendable {
  let path: String
  let byteCount: Int
  private let descriptor: CInt
  private let operation: String

  /// - Parameter operation: The name that errors carry in brackets.
  init(_ url: URL, operation: String) throws {
    path = url.relativePath
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw MartletError(operation, "\(path): expected a regular file, got a folder or a device")
    }
    self.descriptor = descriptor
    self.operation = operation
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` from `offset` on; throws if the file ends before.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress! + done, min(buffer.count - done, largestTransfer),
        off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
      guard count > 0 else {
        throw MartletError(
          operation,
          "\(path): expected \(buffer.count) bytes at offset \(offset), got \(done); the file was shortened")
      }
      done += count
    }
  }
}

/// Writes files so that their final name never shows half of one.
enum AtomicFile {
  /// Writes a file under a temporary name in the same folder, flushes it to the disk and renames it.
  ///
  /// When anything fails, `body` included, the temporary file is removed and what stood under `url` before is
  /// left as it was. A process that is killed can leave a hidden file whose name ends in `.partial`.
  ///
  /// - Parameters:
  ///   - url: The file to write or replace. Its folder must exist.
  ///   - operation: The name that errors carry in brackets.
  ///   - body: Writes the contents.
  /// - Throws: ``MartletError`` that names the file and the system's reason, or what `body` throws.
  static func write(
    to url: URL, operation: String = "write", _ body: (AtomicFileContents) throws -> Void
  ) throws {
    let path = url.relativePath
    let folder = url.deletingLastPathComponent().relativePath
    let number = UInt32.random(in: .min ... .max)
    let temporary = "\(folder)/.\(url.lastPathComponent.prefix(40)).\(getpid())-\(number).partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
    var isOpen = true
    do {
      try body(AtomicFileContents(descriptor: descriptor, path: path, operation: operation))
      guard fsync(descriptor) == 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
      isOpen = false
      guard close(descriptor) == 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
      guard rename(temporary, path) == 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    // The new name itself must reach the disk too. Some file systems refuse this; the file is whole either way.
    let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
    if folderDescriptor >= 0 {
      fsync(folderDescriptor)
      close(folderDescriptor)
    }
  }
}

/// The file that ``AtomicFile`` is writing.
struct AtomicFileContents {
  fileprivate let descriptor: CInt
  fileprivate let path: String
  fileprivate let operation: String

  /// Writes after what has been written.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    var done = 0
    while done < bytes.count {
      let count = write(descriptor, bytes.baseAddress! + done, min(bytes.count - done, largestTransfer))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw MartletError(operation, "\(path): \(systemMessage())") }
      done += count
    }
  }

  /// Replaces bytes that were written before.
  func overwrite(at offset: Int, with bytes: [UInt8]) throws {
    let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    guard count == bytes.count else { throw MartletError(operation, "\(path): \(systemMessage())") }
  }
}

/// Systems refuse or shorten single transfers of 2 GiB and more.
private let largestTransfer = 1 << 30

/// The system's words for what failed last.
private func systemMessage() -> String { String(cString: strerror(errno)) }
