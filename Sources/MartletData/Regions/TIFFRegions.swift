import Martlet

/// Parts of a TIFF file that stays on the disk.
final class TIFFRegions: RegionReader {
  private let reader: TIFFReader
  var info: Image.Info { reader.info }
  var heldByteCount: Int { 0 }

  init(_ path: String, limits: Image.Limits) throws {
    reader = try TIFFReader(partsOf: path, limits: limits)
  }

  /// Whether rows of the file are rows of the picture.
  var isUpright: Bool { reader.orientation == .upright }

  func image(in window: PixelWindow) throws -> Image {
    try window.check(in: info, reader.file.name)
    let (pixels, overflow) = window.width.multipliedReportingOverflow(by: window.height)
    try require(
      !overflow && pixels <= reader.file.limits.maximumPixels, "image",
      "\(reader.file.name): expected a part of at most \(reader.file.limits.maximumPixels) pixels, "
        + "got \(window.width)×\(window.height)")
    return try reader.stored(window, as: .picture)
  }
}
