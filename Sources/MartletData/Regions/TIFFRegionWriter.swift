import CImageShims
import Martlet
import MartletFiles

/// A TIFF file that is written rows at a time, as a BigTIFF when it may need more than 4 GiB.
///
/// Integer samples are compressed by deflate after a horizontal predictor, floating-point ones by deflate alone, which
/// every reader of TIFF knows. More channels than a picture's stand as further samples of no meaning to viewers.
public final class TIFFRegionWriter: RegionWriter {
  /// How strips are compressed.
  public enum Compression: Hashable, Sendable {
    case none, deflate, lzw

    fileprivate var number: UInt16 {
      switch self {
      case .none: 1
      case .lzw: 5
      case .deflate: 8
      }
    }
  }

  public let format: RowFormat
  private let name: String
  private let draft: AtomicFile.Draft
  private let tiff: OpaquePointer
  private let rowsPerStrip: Int
  /// Rows of a strip that is not yet full.
  private var pending: [UInt8] = []
  private var strips: UInt32 = 0
  private var rowsWritten = 0

  /// - Throws: ``MartletError`` when a TIFF cannot hold the format, or the file cannot be made.
  public init(_ path: String, _ format: RowFormat, compression: Compression = .deflate) throws {
    self.format = format
    name = path
    guard let width = UInt32(exactly: format.width), let height = UInt32(exactly: format.height),
      let channels = UInt16(exactly: format.channels), width > 0, height > 0, channels > 0
    else {
      throw MartletError(
        "image",
        "\(path): cannot be encoded as TIFF: \(format.width)×\(format.height)×\(format.channels) samples")
    }
    // Long enough to compress well, short enough to be read by parts.
    rowsPerStrip = min(max((1 << 18) / format.rowByteCount, 1), format.height)
    var header = martlet_tiff_header()
    header.width = width
    header.height = height
    header.rows_per_strip = UInt32(rowsPerStrip)
    header.bits_per_sample = UInt16(8 * format.sample.byteCount)
    header.samples_per_pixel = channels
    header.sample_format = format.sample == .float32 ? 3 : 1
    header.photometric = format.channels == 3 && format.sample != .float32 ? 2 : 1
    header.planes = 1
    header.compression = compression.number
    header.orientation = 1
    header.is_data = 1

    draft = try AtomicFile.Draft(path, operation: "image")
    let descriptor = draft.contents.descriptorNumber
    var opened: OpaquePointer?
    try EncodedImage(name: path, bytes: [], limits: .standard).calling("cannot be written") { error in
      opened = martlet_tiff_create_file(descriptor, Self.isBig(format) ? 1 : 0, error)
      return opened != nil
    }
    guard let opened else { preconditionFailure("an opened file has an address") }
    tiff = opened
    guard martlet_tiff_write_header(tiff, &header, nil, nil, nil) == 1 else { throw failure() }
  }

  deinit { martlet_tiff_close(tiff) }

  /// Whether offsets of 32 bits may be too short. Deflate adds a little to what it cannot compress, LZW up to a half.
  static func isBig(_ format: RowFormat) -> Bool {
    Double(format.rowByteCount) * Double(format.height) * 1.5 + 1e6 > Double(UInt32.max)
  }

  public func append(_ rows: UnsafeRawBufferPointer) throws {
    var rest = rows[...]
    rowsWritten += rowCount(rows, after: rowsWritten)
    let stripBytes = rowsPerStrip * format.rowByteCount
    while !rest.isEmpty {
      let taken = rest.prefix(stripBytes - pending.count)
      pending += taken
      rest = rest.dropFirst(taken.count)
      if pending.count == stripBytes { try writeStrip() }
    }
  }

  public func commit() throws {
    precondition(rowsWritten == format.height, "an image must have all its rows")
    if !pending.isEmpty { try writeStrip() }
    guard martlet_tiff_finish_file(tiff) == 1 else { throw failure() }
    try draft.commit()
  }

  private func writeStrip() throws {
    guard martlet_tiff_write_strip(tiff, strips, pending, pending.count) == 1 else { throw failure() }
    strips += 1
    pending.removeAll(keepingCapacity: true)
  }

  private func failure() -> MartletError {
    let number = martlet_tiff_system_error(tiff)
    if number != 0 { return draft.failure(number) }
    return MartletError(
      "image", "\(name): cannot be encoded as TIFF: \(String(cString: martlet_tiff_error(tiff)))")
  }
}
