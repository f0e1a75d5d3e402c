import Martlet
import MartletFiles

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

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
    func failure(_ reason: String) -> MartletError {
      MartletError(operation, "\(path): cannot be read: \(reason)")
    }
    // Opening a pipe would wait for its writer; what is not an ordinary file is refused below.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(systemErrorText(errno)) }
    let file = FileDescriptor(number: descriptor)
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw failure(systemErrorText(errno)) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw failure("it is a folder")
    default: throw failure("it is not an ordinary file")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw failure("it has \(size) bytes, more than the limit of \(limit)")
    }
    let wanted = min(size, prefix)
    var reason: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      if let got = file.read(into: base, count: wanted) { count = got } else { reason = errno }
    }
    if let reason { throw failure(systemErrorText(reason)) }
    return (bytes, wanted == size)
  }
}
