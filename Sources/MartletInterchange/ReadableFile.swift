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
package final class ReadableFile: Sendable {
  package let path: String
  package let byteCount: Int
  private let descriptor: CInt
  private let operation: String

  /// - Parameter operation: The name that errors carry in brackets.
  package init(_ url: URL, operation: String) throws {
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
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
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

extension ReadableFile {
  /// A part of the file, which must lie within its ``byteCount``.
  package func bytes(_ range: Range<Int>) throws -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "\(range) of \(byteCount) bytes")
    return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
      let part = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count])
      try read(at: range.lowerBound, into: part)
      initialized = range.count
    }
  }
}

/// Systems refuse or shorten single transfers of 2 GiB and more.
private let largestTransfer = 1 << 30

/// The system's words for what failed last.
private func systemMessage() -> String { String(cString: strerror(errno)) }
