import Foundation
import Martlet
import MartletFiles

/// Keeps a run folder to one process: as long as it is held, nobody else can get one.
///
/// The lock is the system's own on an open file, so that it ends with the process however that ends.
final class RunLock {
  private let file: FileDescriptor

  /// - Throws: ``MartletError`` when another process holds the lock, or the file cannot be made.
  init(_ run: RunFolder) throws {
    let path = run.lock.path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw MartletError("output", "\(path): cannot be made: \(systemErrorText(errno))")
    }
    file = FileDescriptor(number: descriptor)
    guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
      let number = errno
      throw MartletError(
        "output",
        number == EWOULDBLOCK
          ? "\(run.url.relativePath) is being trained by another process"
          : "\(path): cannot be locked: \(systemErrorText(number))")
    }
  }
}
