// The few calls of the operating system that reading and writing files need, and their error texts.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the operating system calls an error number, such as "No space left on device".
package func systemErrorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// Calls `body` again for as long as it returns -1 because a signal came in between.
@inline(__always)
package func retryingInterrupted(_ body: () -> Int) -> Int {
  while true {
    let result = body()
    if result != -1 || errno != EINTR { return result }
  }
}

/// An open file that is closed when its owner lets go of it.
package struct FileDescriptor: ~Copyable, Sendable {
  package let number: Int32

  package init(number: Int32) { self.number = number }

  deinit { _ = close(number) }

  /// Writes all the bytes, however many calls it takes.
  ///
  /// - Returns: The error number that stopped it, or nil.
  package func write(_ bytes: UnsafeRawBufferPointer) -> Int32? {
    #if canImport(Darwin)
      let systemWrite = Darwin.write
    #elseif canImport(Glibc)
      let systemWrite = Glibc.write
    #else
      let systemWrite = Musl.write
    #endif
    guard let base = bytes.baseAddress else { return nil }
    var done = 0
    while done < bytes.count {
      // The kernel takes at most 2 GiB at once.
      let part = min(bytes.count - done, 1 << 30)
      let written = retryingInterrupted { systemWrite(number, base + done, part) }
      if written < 0 { return errno }
      done += written
    }
    return nil
  }

  /// Replaces bytes that were written before.
  ///
  /// - Returns: The error number that stopped it, or nil.
  package func write(_ bytes: [UInt8], at offset: Int) -> Int32? {
    var done = 0
    while done < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        retryingInterrupted {
          pwrite(number, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
        }
      }
      if written < 0 { return errno }
      done += written
    }
    return nil
  }

  /// Reads until `count` bytes came or the file ended, and returns how many came, or nil with `errno` set.
  package func read(into base: UnsafeMutableRawPointer, count: Int) -> Int? {
    #if canImport(Darwin)
      let systemRead = Darwin.read
    #elseif canImport(Glibc)
      let systemRead = Glibc.read
    #else
      let systemRead = Musl.read
    #endif
    var done = 0
    while done < count {
      let part = min(count - done, 1 << 30)
      let got = retryingInterrupted { systemRead(number, base + done, part) }
      if got < 0 { return nil }
      if got == 0 { break }
      done += got
    }
    return done
  }
}
