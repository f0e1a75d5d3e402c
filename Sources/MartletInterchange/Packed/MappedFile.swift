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

/// A regular file mapped into memory, to be read only: its pages come when they are first touched, and are shared by all
/// processes that map it.
///
/// A program that shortens the file while it is mapped ends this one with a signal. Martlet's own files are replaced and
/// not changed.
final class MappedFile: Sendable {
  let path: String
  private let address: UInt
  let byteCount: Int

  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: byteCount)
  }

  /// - Throws: ``MartletError`` when there is no such file, or it is empty.
  init(_ url: URL, operation: String) throws {
    path = url.relativePath
    func failure() -> MartletError {
      MartletError(operation, "\(url.relativePath): \(String(cString: strerror(errno)))")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw MartletError(operation, "\(path): expected a regular file, got a folder or a device")
    }
    byteCount = Int(status.st_size)
    try require(byteCount > 0, operation, "\(path): expected a packed model, got an empty file")
    let mapped = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let mapped, mapped != MAP_FAILED else { throw failure() }
    // All of it will be read soon.
    _ = madvise(mapped, byteCount, MADV_WILLNEED)
    address = UInt(bitPattern: mapped)
  }

  deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }
}
