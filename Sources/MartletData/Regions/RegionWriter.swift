import Martlet

/// What the rows of an image file are made of.
public struct RowFormat: Hashable, Sendable {
  /// How a sample is kept. Files hold what memory holds, in their own byte order.
  public enum Sample: String, Hashable, Sendable, CaseIterable {
    case uint8, uint16, uint32, float32

    /// Bytes of one sample.
    public var byteCount: Int {
      switch self {
      case .uint8: 1
      case .uint16: 2
      case .uint32, .float32: 4
      }
    }
  }

  /// Of the image, in pixels.
  public var width: Int
  /// Of the image, in pixels: the number of rows that are to be written.
  public var height: Int
  /// Samples of a pixel, side by side.
  public var channels: Int
  /// What a sample is kept as.
  public var sample: Sample
  /// The colours that samples are indices of.
  public var palette: [Image.Color]?

  public init(
    width: Int, height: Int, channels: Int = 1, sample: Sample = .uint8, palette: [Image.Color]? = nil
  ) {
    self.width = width
    self.height = height
    self.channels = channels
    self.sample = sample
    self.palette = palette
  }

  /// Bytes of one row, with nothing between rows.
  public var rowByteCount: Int { width * channels * sample.byteCount }
}

/// An image file that is written from the top down, rows at a time, so that the image is never held whole.
///
/// The file appears under its name by ``commit()``, complete; let go of before that, a writer leaves nothing behind.
public protocol RegionWriter: AnyObject {
  /// What rows are made of, and how many there are.
  var format: RowFormat { get }

  /// Writes the rows that come next.
  ///
  /// - Parameter rows: Whole rows of samples in the machine's byte order, channels interleaved.
  /// - Precondition: No more rows come than are missing.
  /// - Throws: ``MartletError`` naming the file, when it cannot be written.
  func append(_ rows: UnsafeRawBufferPointer) throws

  /// Ends the file after its last row and gives it its name.
  ///
  /// - Precondition: All rows were written.
  /// - Throws: ``MartletError`` naming the file, when it cannot be written; nothing is left behind then.
  func commit() throws
}

extension RegionWriter {
  /// Writes the rows that come next.
  public func append<Sample>(_ rows: UnsafeBufferPointer<Sample>) throws {
    try append(UnsafeRawBufferPointer(rows))
  }

  /// The number of rows in `bytes`, which must be whole ones and no more than are missing.
  func rowCount(_ bytes: UnsafeRawBufferPointer, after written: Int) -> Int {
    let rows = bytes.count / max(format.rowByteCount, 1)
    precondition(
      rows * format.rowByteCount == bytes.count && rows <= format.height - written,
      "rows must be whole and no more than the image has")
    return rows
  }
}
