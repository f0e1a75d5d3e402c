import Martlet

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An ordinary file that is open for reading, from its beginning on or, from any thread, at any offset.
///
/// Bytes are read and not mapped: a mapped file that another program shortens ends the process with a signal,
/// where a read comes back short and can be reported.
package final class ReadableFile: Sendable {
  package let path: String
  package let byteCount: Int
  /// The open file, for whoever reads it from its beginning on.
  package let descriptor: FileDescriptor
  private let operation: String

  /// - Parameter operation: The name that errors carry in brackets, such as `image`.
  /// - Throws: ``MartletError`` that names the path when there is no ordinary file that can be read.
  package init(_ path: String, operation: String) throws {
    self.path = path
    self.operation = operation
    // Opening a pipe would wait for its writer; what is not an ordinary file is refused below.
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    descriptor = FileDescriptor(number: number)
    var status = stat()
    guard number >= 0, fstat(number, &status) == 0 else {
      throw Self.failure(path, operation, systemErrorText(errno))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Self.failure(path, operation, "it is a folder")
    default: throw Self.failure(path, operation, "it is not an ordinary file")
    }
    byteCount = Int(status.st_size)
  }

  /// An error that says why the file cannot be read.
  package func failure(_ reason: String) -> MartletError { Self.failure(path, operation, reason) }

  private static func failure(_ path: String, _ operation: String, _ reason: String) -> MartletError {
    MartletError(operation, "\(path): cannot be read: \(reason)")
  }

  /// Fills `buffer` from `offset` on; throws if the file ends before.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    guard let base = buffer.baseAddress else { return }
    var done = 0
    while done < buffer.count {
      // Systems refuse or shorten single transfers of 2 GiB and more.
      let part = min(buffer.count - done, 1 << 30)
      let count = retryingInterrupted { pread(descriptor.number, base + done, part, off_t(offset + done)) }
      guard count >= 0 else { throw failure(systemErrorText(errno)) }
      guard count > 0 else {
        throw MartletError(
          operation,
          "\(path): expected \(buffer.count) bytes at offset \(offset), got \(done); the file was shortened")
      }
      done += count
    }
  }

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

extension ReadableFile {
  /// The bytes of the file at `path`, or its first `prefix` bytes, and whether these are all.
  ///
  /// - Parameter limit: The largest file that is read.
  package static func read(
    _ path: String, operation: String, limit: Int = .max, prefix: Int = .max
  ) throws -> (bytes: [UInt8], isWhole: Bool) {
    let file = try ReadableFile(path, operation: operation)
    guard file.byteCount <= limit else {
      throw file.failure("it has \(file.byteCount) bytes, more than the limit of \(limit)")
    }
    let wanted = min(file.byteCount, prefix)
    var reason: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      if let got = file.descriptor.read(into: base, count: wanted) { count = got } else { reason = errno }
    }
    if let reason { throw file.failure(systemErrorText(reason)) }
    return (bytes, wanted == file.byteCount)
  }

  /// The text of the file at `path`, which must be UTF-8.
  package static func text(_ path: String, operation: String, limit: Int = 1 << 31) throws -> String {
    let bytes = try read(path, operation: operation, limit: limit).bytes
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MartletError(operation, "\(path): expected text in UTF-8, got other bytes")
    }
    return text
  }
}
