import CImageShims
import Martlet

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Encodes images as a TIFF of one page, with no time stamps or texts.
struct TIFFWriter {
  let name: String
  var isCompressed = true
  /// The size of tiles, multiples of 16; strips when nil.
  var tile: (width: Int, height: Int)?
  /// A plane a channel in place of interleaved samples.
  var isInPlanes = false
  /// Up to 256 colours that 8-bit samples are indices of.
  var palette: [Image.Color]?
  var isWhiteZero = false
  var orientation = Orientation.upright

  func encode(_ image: Image) throws -> [UInt8] {
    switch image.samples {
    case .uint8(let samples): try encode(image, samples)
    case .uint16(let samples): try encode(image, samples)
    }
  }

  private func failure(_ reason: String) -> MartletError {
    MartletError("image", "\(name): cannot be encoded as TIFF: \(reason)")
  }

  private func encode<Sample: FixedWidthInteger>(_ image: Image, _ samples: [Sample]) throws -> [UInt8] {
    guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height) else {
      throw failure("\(image.width)×\(image.height) pixels are too many")
    }
    let perPixel = isInPlanes ? 1 : image.channels
    let rowBytes = image.width * perPixel * MemoryLayout<Sample>.size
    var header = martlet_tiff_header()
    header.width = width
    header.height = height
    // Strips of about 64 KiB, as TIFF 6.0 advises small ones.
    header.rows_per_strip = UInt32(min(max(65_536 / rowBytes, 1), image.height))
    header.tile_width = UInt32(tile?.width ?? 0)
    header.tile_height = UInt32(tile?.height ?? 0)
    header.bits_per_sample = UInt16(Sample.bitWidth)
    header.samples_per_pixel = UInt16(image.channels)
    header.sample_format = 1
    header.photometric = palette != nil ? 3 : image.channels >= 3 ? 2 : isWhiteZero ? 0 : 1
    header.planes = isInPlanes ? 2 : 1
    header.compression = isCompressed ? 8 : 1
    header.orientation = UInt16(orientation.rawValue)

    let encoding = EncodedImage(name: name, bytes: [], limits: .standard)
    var opened: OpaquePointer?
    try encoding.calling("cannot be encoded as TIFF") { error in
      opened = martlet_tiff_create(error)
      return opened != nil
    }
    guard let tiff = opened else { preconditionFailure("an opened file has an address") }
    defer { martlet_tiff_close(tiff) }

    func entries(_ part: (Image.Color) -> UInt8) -> [UInt16]? {
      palette.map { colors in (0..<256).map { $0 < colors.count ? UInt16(part(colors[$0])) * 257 : 0 } }
    }
    let red = entries(\.red)
    let green = entries(\.green)
    let blue = entries(\.blue)
    guard martlet_tiff_write_header(tiff, &header, red, green, blue) == 1 else { throw libraryFailure(tiff) }
    for plane in 0..<(isInPlanes ? image.channels : 1) {
      try write(image, samples, plane: plane, perPixel: perPixel, header: header, to: tiff)
    }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    guard martlet_tiff_finish(tiff, &bytes, &count) == 1 else { throw libraryFailure(tiff) }
    defer { free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  private func libraryFailure(_ tiff: OpaquePointer) -> MartletError {
    failure(String(cString: martlet_tiff_error(tiff)))
  }

  /// Writes one plane's strips or tiles. Tiles are filled up with zeros past the picture.
  private func write<Sample: FixedWidthInteger>(
    _ image: Image, _ samples: [Sample], plane: Int, perPixel: Int, header: martlet_tiff_header,
    to tiff: OpaquePointer
  ) throws {
    let blockWidth = tile?.width ?? image.width
    let blockHeight = tile?.height ?? Int(header.rows_per_strip)
    let across = (image.width + blockWidth - 1) / blockWidth
    let down = (image.height + blockHeight - 1) / blockHeight
    for index in 0..<across * down {
      let left = index % across * blockWidth
      let top = index / across * blockHeight
      let rows = tile == nil ? min(blockHeight, image.height - top) : blockHeight
      var block = [Sample](repeating: 0, count: blockWidth * rows * perPixel)
      for y in 0..<min(rows, image.height - top) {
        for x in 0..<min(blockWidth, image.width - left) {
          for c in 0..<perPixel {
            block[(y * blockWidth + x) * perPixel + c] =
              samples[((top + y) * image.width + left + x) * image.channels + plane + c]
          }
        }
      }
      let number = UInt32(plane * across * down + index)
      let count = block.count * MemoryLayout<Sample>.size
      let done =
        tile == nil
        ? martlet_tiff_write_strip(tiff, number, block, count)
        : martlet_tiff_write_tile(tiff, number, block, count)
      guard done == 1 else { throw libraryFailure(tiff) }
    }
  }
}
