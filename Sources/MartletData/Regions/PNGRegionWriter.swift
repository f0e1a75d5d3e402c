import CImageShims
import Martlet
import MartletFiles

/// A PNG file that is written rows at a time: 8 or 16 bits, 1 to 4 channels, or 8-bit indices of a palette. The bytes
/// are those of the image written at once.
public final class PNGRegionWriter: RegionWriter {
  public let format: RowFormat
  private let encoding: EncodedImage
  private let draft: AtomicFile.Draft
  private let writer: OpaquePointer
  private var rowsWritten = 0

  /// - Throws: ``MartletError`` when a PNG cannot hold the format, or the file cannot be made.
  public init(_ path: String, _ format: RowFormat) throws {
    self.format = format
    encoding = EncodedImage(name: path, bytes: [], limits: .standard)
    var header = try PNGWriter(name: path, palette: format.palette).header(for: format)
    draft = try AtomicFile.Draft(path, operation: "image")
    var made: OpaquePointer?
    try encoding.calling("cannot be encoded as PNG") { error in
      made = martlet_png_writer_create(&header, error)
      return made != nil
    }
    guard let made else { preconditionFailure("a writer that was made has an address") }
    writer = made
  }

  deinit { martlet_png_writer_free(writer) }

  /// Writes the rows that come next.
  ///
  /// - Parameter rows: Whole rows of samples in the machine's byte order, channels interleaved; no more than are
  ///   missing.
  /// - Throws: ``MartletError`` naming the file, when it cannot be written, or a sample is no index of the palette.
  public func append(_ rows: UnsafeRawBufferPointer) throws {
    let count = rowCount(rows, after: rowsWritten)
    if let palette = format.palette, let highest = rows.max(), Int(highest) >= palette.count {
      throw encoding.failure("expected indices below \(palette.count), the palette's size, got \(highest)")
    }
    // Some rows at a time, so that what is encoded and not yet written stays small.
    let step = max((1 << 20) / max(format.rowByteCount, 1), 1)
    for start in stride(from: 0, to: count, by: step) {
      let part = UnsafeRawBufferPointer(
        rebasing: rows[start * format.rowByteCount..<min(start + step, count) * format.rowByteCount])
      try encoding.calling("cannot be encoded as PNG") { error in
        martlet_png_writer_append(
          writer, part.baseAddress?.assumingMemoryBound(to: UInt8.self), format.rowByteCount,
          UInt32(part.count / format.rowByteCount), error) == 1
      }
      try drain()
    }
    rowsWritten += count
  }

  public func commit() throws {
    precondition(rowsWritten == format.height, "an image must have all its rows")
    try encoding.calling("cannot be encoded as PNG") { martlet_png_writer_finish(writer, $0) == 1 }
    try drain()
    try draft.commit()
  }

  private func drain() throws {
    var count = 0
    let bytes = martlet_png_writer_take(writer, &count)
    try draft.contents.append(UnsafeRawBufferPointer(start: bytes, count: count))
  }
}
