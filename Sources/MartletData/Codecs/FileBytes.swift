import Martlet
import MartletFiles

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An ordinary file that is open for reading.
final class ReadableImageFile {
  let descriptor: FileDescriptor
  let size: Int
  private let path: String
  private let operation: String

  /// - Parameter operation: What the error is to be called after, such as `image`.
  init(_ path: String, operation: String) throws {
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
    size = Int(status.st_size)
  }

  func failure(_ reason: String) -> MartletError { Self.failure(path, operation, reason) }

  private static func failure(_ path: String, _ operation: String, _ reason: String) -> MartletError {
    MartletError(operation, "\(path): cannot be read: \(reason)")
  }
}

/// Reads ordinary files into memory.
enum FileBytes {
  /// The bytes of the file at `path`, or its first `prefix` bytes.
  ///
  /// - Parameters:
  ///   - operation: What the error is to be called after, such as `image`.
  ///   - limit: The largest file that is read.
  static func read(
    _ path: String, operation: String, limit: Int = .max, prefix: Int = .max
  ) throws -> (bytes: [UInt8], isWhole: Bool) {
    let file = try ReadableImageFile(path, operation: operation)
    guard file.size <= limit else {
      throw file.failure("it has \(file.size) bytes, more than the limit of \(limit)")
    }
    let wanted = min(file.size, prefix)
    var reason: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      if let got = file.descriptor.read(into: base, count: wanted) { count = got } else { reason = errno }
    }
    if let reason { throw file.failure(systemErrorText(reason)) }
    return (bytes, wanted == file.size)
  }
}
