import CSystemZlib
import Martlet
import MartletFiles

/// A file that is written from its beginning on, packed with gzip where its name ends in `.gz`.
///
/// The same bytes give the same file: it holds no time and no name.
final class PackedDraft {
  private let path: String
  private let draft: AtomicFile.Draft
  /// zlib's state points back at the stream, so it stays at one address; nil where nothing is packed.
  private let stream: UnsafeMutablePointer<z_stream>?
  private var output = [UInt8](repeating: 0, count: 1 << 16)

  /// - Throws: ``MartletError`` that names the path when the folder is missing or unwritable.
  init(_ path: String) throws {
    self.path = path
    draft = try AtomicFile.Draft(path, operation: "volume")
    guard path.lowercased().hasSuffix(".gz") else {
      stream = nil
      return
    }
    let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    state.initialize(to: z_stream())
    stream = state
    let status = deflateInit2_(
      state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw failure(status) }
  }

  deinit {
    guard let stream else { return }
    deflateEnd(stream)
    stream.deallocate()
  }

  /// - Throws: ``MartletError`` that names the path when the disk is full.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    guard let stream else { return try draft.contents.append(bytes) }
    // zlib counts what it is given at once in 32 bits.
    var done = 0
    while done < bytes.count {
      let part = UnsafeRawBufferPointer(rebasing: bytes[done..<min(done + (1 << 30), bytes.count)])
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: part.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(part.count)
      try drain(stream, Z_NO_FLUSH)
      done += part.count
    }
  }

  /// Ends what is packed and gives the file its name.
  func commit() throws {
    if let stream {
      stream.pointee.avail_in = 0
      try drain(stream, Z_FINISH)
    }
    try draft.commit()
  }

  /// Packs until zlib has room left in its output: then it wants more input, or is done.
  private func drain(_ stream: UnsafeMutablePointer<z_stream>, _ flush: Int32) throws {
    try output.withUnsafeMutableBufferPointer { output in
      repeat {
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        let status = deflate(stream, flush)
        guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(status) else { throw failure(status) }
        let count = output.count - Int(stream.pointee.avail_out)
        try draft.contents.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<count]))
      } while stream.pointee.avail_out == 0
    }
  }

  private func failure(_ status: Int32) -> MartletError {
    MartletError("volume", "\(path): cannot be written: zlib cannot pack it (\(status))")
  }
}
