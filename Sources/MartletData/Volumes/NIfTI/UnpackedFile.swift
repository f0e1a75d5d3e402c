import CSystemZlib
import Martlet
import MartletFiles

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The bytes of a file from its beginning on, unpacked as they are read where the file is gzip (RFC 1952).
///
/// Whether it is packed is known by its first two bytes, whatever its name. Several gzip members one after the other are
/// one stream, as bgzip writes them.
final class UnpackedFile {
  /// No stream of DEFLATE unpacks to more than this many times its size (a match of 258 bytes takes two bits).
  private static let largestRatio = 1032
  private static let bufferSize = 1 << 16

  let path: String
  let isPacked: Bool
  private let file: ReadableFile
  private let input = UnsafeMutablePointer<UInt8>.allocate(capacity: bufferSize)
  /// zlib's state points back at the stream, so it stays at one address.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var hasState = false
  private var isAtEnd = false
  /// Whether what is packed has ended as it should, its checksum included; not, where the file was cut short.
  private(set) var isWhole = false
  /// Bytes in `input`, for files that are not packed how many are left at its front.
  private var pending: UnsafeMutableBufferPointer<UInt8>

  /// - Throws: ``MartletError`` when there is no ordinary file at the path that can be read.
  init(_ path: String) throws {
    self.path = path
    stream.initialize(to: z_stream())
    pending = UnsafeMutableBufferPointer(start: input, count: 0)
    do {
      file = try ReadableFile(path, operation: "volume")
    } catch {
      input.deallocate()
      stream.deallocate()
      throw error
    }
    guard let count = file.descriptor.read(into: input, count: Self.bufferSize) else {
      let reason = systemErrorText(errno)
      isPacked = false
      throw file.failure(reason)
    }
    pending = UnsafeMutableBufferPointer(start: input, count: count)
    isPacked = count >= 2 && input[0] == 0x1f && input[1] == 0x8b
    guard isPacked else { return }
    stream.pointee.next_in = input
    stream.pointee.avail_in = UInt32(count)
    // 16 on top of the largest window says that a gzip header comes first.
    let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw file.failure("zlib cannot begin (\(status))") }
    hasState = true
  }

  deinit {
    if hasState { inflateEnd(stream) }
    input.deallocate()
    stream.deallocate()
  }

  /// Bytes of the file as it is.
  var size: Int { file.byteCount }

  /// The most bytes that the file can hold, unpacked.
  var largestCount: Int { isPacked ? file.byteCount.saturatingProduct(Self.largestRatio) : file.byteCount }

  /// Reads until `target` is full or the file ends, and returns how many bytes came.
  ///
  /// - Throws: ``MartletError`` when the file cannot be read or what is packed is damaged.
  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < target.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
      let count = isPacked ? try unpack(into: rest) : try copy(into: rest)
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Passes over bytes, fewer where the file ends, and returns how many there were.
  func skip(_ count: Int) throws -> Int {
    try withUnsafeTemporaryAllocation(byteCount: Self.bufferSize, alignment: 16) { scratch in
      var done = 0
      while done < count {
        let part = min(count - done, scratch.count)
        let got = try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<part]))
        done += got
        if got < part { break }
      }
      return done
    }
  }

  private func copy(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    if pending.isEmpty { try refill() }
    let count = min(pending.count, target.count)
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(pending)[..<count]))
    pending = UnsafeMutableBufferPointer(rebasing: pending[count...])
    return count
  }

  private func unpack(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let capacity = min(target.count, 1 << 30)
    stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(capacity)
    while stream.pointee.avail_out == capacity, !isAtEnd {
      if stream.pointee.avail_in == 0 {
        try refill()
        stream.pointee.next_in = input
        stream.pointee.avail_in = UInt32(pending.count)
      }
      let hasInput = stream.pointee.avail_in > 0
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK: break
      case Z_STREAM_END: try beginNextMember()
      case Z_BUF_ERROR where !hasInput: isAtEnd = true
      default:
        throw file.failure(
          "its packed data is damaged: \(stream.pointee.msg.map { String(cString: $0) } ?? "no reason given")"
        )
      }
    }
    return capacity - Int(stream.pointee.avail_out)
  }

  /// Goes on with another gzip member where there is one, and ends otherwise.
  private func beginNextMember() throws {
    if stream.pointee.avail_in == 0 {
      try refill()
      stream.pointee.next_in = input
      stream.pointee.avail_in = UInt32(pending.count)
    }
    // Zeros may follow, from tapes and disks with blocks of one size.
    if stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0x1f {
      guard inflateReset(stream) == Z_OK else { throw file.failure("zlib cannot go on") }
    } else {
      isAtEnd = true
      isWhole = true
    }
  }

  private func refill() throws {
    guard let count = file.descriptor.read(into: input, count: Self.bufferSize) else {
      throw file.failure(systemErrorText(errno))
    }
    pending = UnsafeMutableBufferPointer(start: input, count: count)
  }
}
