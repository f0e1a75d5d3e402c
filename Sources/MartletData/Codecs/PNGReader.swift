import CImageShims
import Martlet

/// Reads one PNG file that is in memory.
struct PNGReader {
  private let file: EncodedImage
  private let header: martlet_png_header

  private static let paletteType: Int32 = 3

  init(_ file: EncodedImage) throws {
    self.file = file
    var header = martlet_png_header()
    try file.calling("is a damaged PNG") { error in
      martlet_png_read_header(file.bytes, file.bytes.count, &header, error) == 1
    }
    self.header = header
    try file.checkSize(width: Int(header.width), height: Int(header.height))
    if header.color_type == Self.paletteType, header.palette_count == 0 {
      throw file.failure("is a damaged PNG: its palette is missing")
    }
  }

  var info: Image.Info {
    let palette = palette
    let channels = palette.map { Image.hasAlpha($0) ? 4 : 3 } ?? storedChannels
    return Image.Info(
      format: .png, width: Int(header.width), height: Int(header.height), channels: channels,
      bitsPerSample: Int(header.bit_depth), palette: palette)
  }

  func image(as reading: Image.Reading) throws -> Image {
    let width = Int(header.width)
    let height = Int(header.height)
    try checkLength()
    let samples: Image.Samples
    if header.bit_depth == 16 {
      samples = .uint16(try decode(count: width * height * storedChannels))
    } else {
      samples = .uint8(try decode(count: width * height * storedChannels))
    }
    let stored = Image(width: width, height: height, channels: storedChannels, samples: samples)
    guard reading == .picture else { return stored }
    if let palette { return try stored.expandingPalette(palette, of: file) }
    return stored.scalingGreys(bits: Int(header.bit_depth))
  }

  private var storedChannels: Int {
    switch header.color_type {
    case 2: 3
    case 4: 2
    case 6: 4
    default: 1
    }
  }

  private var palette: [Image.Color]? {
    guard header.color_type == Self.paletteType else { return nil }
    return withUnsafeBytes(of: header.palette) { bytes in
      (0..<Int(header.palette_count)).map { i in
        Image.Color(
          red: bytes[4 * i], green: bytes[4 * i + 1], blue: bytes[4 * i + 2], alpha: bytes[4 * i + 3])
      }
    }
  }

  /// Refuses a file that is too short for its claim before memory is taken for it: deflate cannot shrink anything
  /// to less than 1/1032.
  private func checkLength() throws {
    let rowBits = Int(header.width) * storedChannels * Int(header.bit_depth)
    let stored = (rowBits + 7) / 8 * Int(header.height)
    if stored / 1032 > file.bytes.count {
      throw file.failure(
        "is a damaged PNG: \(file.bytes.count) bytes cannot hold \(header.width)×\(header.height) pixels")
    }
  }

  private func decode<Sample: FixedWidthInteger>(count: Int) throws -> [Sample] {
    try [Sample](unsafeUninitializedCapacity: count) { buffer, initialized in
      let rowBytes = Int(header.width) * storedChannels * MemoryLayout<Sample>.size
      let samples = UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      try file.calling("is a damaged PNG") { error in
        martlet_png_read_samples(file.bytes, file.bytes.count, samples, rowBytes, error) == 1
      }
      initialized = count
    }
  }
}

extension Image {
  static func hasAlpha(_ palette: [Color]) -> Bool { palette.contains { $0.alpha != 255 } }

  /// Replaces indices by their colours: RGB, or RGBA when an entry is translucent.
  func expandingPalette(_ palette: [Color], of file: EncodedImage) throws -> Image {
    guard case .uint8(let indices) = samples else { return self }
    if let highest = indices.max(), Int(highest) >= palette.count {
      throw file.failure("is damaged: palette index \(highest) in a palette of \(palette.count) colours")
    }
    let channels = Image.hasAlpha(palette) ? 4 : 3
    let table = palette.flatMap { [$0.red, $0.green, $0.blue, $0.alpha] }
    let expanded = [UInt8](unsafeUninitializedCapacity: indices.count * channels) { buffer, initialized in
      for (i, index) in indices.enumerated() {
        for c in 0..<channels { buffer[i * channels + c] = table[Int(index) * 4 + c] }
      }
      initialized = indices.count * channels
    }
    return Image(width: width, height: height, channels: channels, samples: .uint8(expanded))
  }

  /// Spreads samples of 1, 2 or 4 bits over 8 bits; others stay.
  func scalingGreys(bits: Int) -> Image {
    guard bits < 8, case .uint8(let values) = samples else { return self }
    let factor = UInt8(255 / ((1 << bits) - 1))
    return Image(
      width: width, height: height, channels: channels, samples: .uint8(values.map { $0 &* factor }))
  }
}
