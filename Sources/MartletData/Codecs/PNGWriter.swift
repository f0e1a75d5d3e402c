import CImageShims
import Martlet

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Encodes images as PNG, with no time stamps or texts, so that equal images give equal bytes.
struct PNGWriter {
  let name: String
  var palette: [Image.Color]?
  /// Bits of a stored sample where it is less than the image's 8; its values must fit.
  var bits: Int?
  var isInterlaced = false

  func encode(_ image: Image) throws -> [UInt8] {
    var format = RowFormat(
      width: image.width, height: image.height, channels: image.channels, palette: palette)
    switch image.samples {
    case .uint8(let samples):
      if let palette, let highest = samples.max(), Int(highest) >= palette.count {
        throw failure("expected indices below \(palette.count), the palette's size, got \(highest)")
      }
      var header = try header(for: format)
      header.bit_depth = Int32(bits ?? 8)
      return try samples.withUnsafeBytes { try encode($0, header) }
    case .uint16(let samples):
      format.sample = .uint16
      let header = try header(for: format)
      return try samples.withUnsafeBytes { try encode($0, header) }
    }
  }

  /// What stands before the first pixel.
  ///
  /// - Throws: ``MartletError`` when a PNG cannot hold such samples.
  func header(for format: RowFormat) throws -> martlet_png_header {
    var header = martlet_png_header()
    guard let width = UInt32(exactly: format.width), let height = UInt32(exactly: format.height),
      max(width, height) <= Int32.max, width > 0, height > 0
    else { throw failure("\(format.width)×\(format.height) pixels are too many for a PNG") }
    guard (1...4).contains(format.channels), format.sample == .uint8 || format.sample == .uint16 else {
      throw failure(
        "expected 1 to 4 channels of 8 or 16 bits for a PNG, got \(format.channels) of \(format.sample)")
    }
    header.width = width
    header.height = height
    header.bit_depth = Int32(8 * format.sample.byteCount)
    header.color_type = [0, 4, 2, 6][format.channels - 1]
    if let palette { try add(palette, to: &header, for: format) }
    return header
  }

  private func failure(_ reason: String) -> MartletError { MartletError("image", "\(name): \(reason)") }

  private func add(
    _ palette: [Image.Color], to header: inout martlet_png_header, for format: RowFormat
  ) throws {
    guard (1...256).contains(palette.count) else {
      throw failure("expected a palette of 1 to 256 colours, got \(palette.count)")
    }
    guard format.channels == 1, format.sample == .uint8 else {
      throw failure("expected 8-bit indices for an indexed PNG, got \(format.channels) channels")
    }
    header.color_type = 3
    header.palette_count = Int32(palette.count)
    withUnsafeMutableBytes(of: &header.palette) { bytes in
      for (i, color) in palette.enumerated() {
        bytes[4 * i] = color.red
        bytes[4 * i + 1] = color.green
        bytes[4 * i + 2] = color.blue
        bytes[4 * i + 3] = color.alpha
      }
    }
  }

  private func encode(
    _ samples: UnsafeRawBufferPointer, _ header: martlet_png_header
  ) throws -> [UInt8] {
    var header = header
    let encoding = EncodedImage(name: name, bytes: [], limits: .standard)
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    try encoding.calling("cannot be encoded as PNG") { error in
      martlet_png_write(
        &header, samples.baseAddress?.assumingMemoryBound(to: UInt8.self),
        samples.count / Int(header.height), isInterlaced ? 1 : 0, &bytes, &count, error) == 1
    }
    defer { free(bytes) }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
