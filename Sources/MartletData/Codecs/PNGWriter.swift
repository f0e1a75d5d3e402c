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
    var header = martlet_png_header()
    guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height) else {
      throw failure("\(image.width)×\(image.height) pixels are too many for a PNG")
    }
    header.width = width
    header.height = height
    header.color_type = [0, 4, 2, 6][image.channels - 1]
    if let palette { try add(palette, to: &header, for: image) }
    switch image.samples {
    case .uint8(let samples):
      header.bit_depth = Int32(bits ?? 8)
      return try samples.withUnsafeBytes { try encode($0, header) }
    case .uint16(let samples):
      header.bit_depth = 16
      return try samples.withUnsafeBytes { try encode($0, header) }
    }
  }

  private func failure(_ reason: String) -> MartletError { MartletError("image", "\(name): \(reason)") }

  private func add(
    _ palette: [Image.Color], to header: inout martlet_png_header, for image: Image
  ) throws {
    guard (1...256).contains(palette.count) else {
      throw failure("expected a palette of 1 to 256 colours, got \(palette.count)")
    }
    guard image.channels == 1, case .uint8(let indices) = image.samples else {
      throw failure("expected 8-bit indices for an indexed PNG, got \(image.channels) channels")
    }
    if let highest = indices.max(), Int(highest) >= palette.count {
      throw failure("expected indices below \(palette.count), the palette's size, got \(highest)")
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
