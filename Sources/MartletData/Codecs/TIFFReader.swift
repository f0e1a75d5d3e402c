import CImageShims
import Martlet

/// Reads the first page of one TIFF file that is in memory. TIFF 6.0 gives the fields.
final class TIFFReader {
  private let file: EncodedImage
  /// The file's bytes at an address that stays, since libtiff reads them between calls.
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private let tiff: OpaquePointer
  private let header: martlet_tiff_header
  private let palette: [Image.Color]?

  private var width: Int { Int(header.width) }
  private var height: Int { Int(header.height) }
  private var channels: Int { Int(header.samples_per_pixel) }
  private var bits: Int { Int(header.bits_per_sample) }
  private var isInPlanes: Bool { header.planes == 2 && channels > 1 }
  private var orientation: Orientation { Orientation(rawValue: Int(header.orientation)) ?? .upright }

  init(_ file: EncodedImage) throws {
    self.file = file
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: file.bytes.count)
    _ = bytes.initialize(from: file.bytes)
    self.bytes = bytes
    // A decoded picture of the limit's size, at most 4 channels of 16 bits, is the most a block may take.
    let largest = file.limits.maximumPixels.multipliedReportingOverflow(by: 8)
    var opened: OpaquePointer?
    do {
      try file.calling("is a damaged TIFF") { error in
        opened = martlet_tiff_open(
          bytes.baseAddress, bytes.count, largest.overflow ? .max / 2 : largest.partialValue, error)
        return opened != nil
      }
    } catch {
      bytes.deallocate()
      throw error
    }
    guard let opened else { preconditionFailure("an opened file has an address") }
    tiff = opened
    var header = martlet_tiff_header()
    martlet_tiff_read_header(opened, &header)
    self.header = header
    palette = TIFFReader.palette(opened, header)
    // From here on `deinit` gives everything back when an error is thrown.
    if martlet_tiff_error(opened).pointee != 0 { throw damaged() }
    try file.checkSize(width: width, height: height)
    try checkKind()
  }

  deinit {
    martlet_tiff_close(tiff)
    bytes.deallocate()
  }

  var info: Image.Info {
    let turned = orientation.swapsSides
    let channels = palette.map { Image.hasAlpha($0) ? 4 : 3 } ?? channels
    return Image.Info(
      format: .tiff, width: turned ? height : width, height: turned ? width : height, channels: channels,
      bitsPerSample: bits, palette: palette)
  }

  func image(as reading: Image.Reading) throws -> Image {
    let samples: Image.Samples = bits == 16 ? .uint16(try decode()) : .uint8(try decode())
    var image = Image(width: width, height: height, channels: channels, samples: samples)
    if reading == .picture {
      if let palette {
        image = try image.expandingPalette(palette, of: file)
      } else {
        image = image.scalingGreys(bits: bits)
        if header.photometric == 0 { image = image.invertingGrey() }
      }
    }
    return image.upright(from: orientation)
  }

  // MARK: What is read

  private func checkKind() throws {
    switch header.photometric {
    case 0, 1, 2, 3: break
    case 4: throw unsupported("a transparency mask")
    case 5: throw unsupported("CMYK")
    case 6: throw unsupported("YCbCr that is not compressed as JPEG")
    case 8, 9, 10: throw unsupported("L*a*b*")
    default: throw unsupported("photometric kind \(header.photometric)")
    }
    switch header.sample_format {
    case 1, 4: break
    case 2: throw unsupported("signed samples of \(bits) bits")
    case 3: throw unsupported("floating-point samples of \(bits) bits")
    default: throw unsupported("sample format \(header.sample_format)")
    }
    guard [1, 2, 4, 8, 16].contains(bits) else { throw unsupported("samples of \(bits) bits") }
    guard header.compression != 6 else { throw unsupported("old-style JPEG compression") }
    guard header.planes == 1 || header.planes == 2 else { throw unsupported("planes \(header.planes)") }
    let expected: ClosedRange<Int> =
      switch header.photometric {
      case 2: 3...4
      case 3: 1...1
      default: 1...2
      }
    guard expected.contains(channels) else { throw unsupported("\(channels) channels") }
    if header.photometric == 2, bits < 8 { throw unsupported("colours of \(bits) bits") }
    if header.photometric == 3 {
      guard bits <= 8 else { throw unsupported("a palette of \(bits) bits") }
      guard palette != nil else { throw file.failure("is a damaged TIFF: its palette is missing") }
    }
  }

  private func unsupported(_ kind: String) -> MartletError {
    file.failure("is a TIFF with \(kind); expected unsigned 8- or 16-bit grey, RGB or palette")
  }

  private func damaged() -> MartletError {
    let reason = String(cString: martlet_tiff_error(tiff))
    return file.failure("is a damaged TIFF: \(reason.isEmpty ? "the file ends too early" : reason)")
  }

  private static func palette(_ tiff: OpaquePointer, _ header: martlet_tiff_header) -> [Image.Color]? {
    guard header.photometric == 3, (1...8).contains(header.bits_per_sample) else { return nil }
    var red: UnsafePointer<UInt16>?
    var green: UnsafePointer<UInt16>?
    var blue: UnsafePointer<UInt16>?
    guard martlet_tiff_palette(tiff, &red, &green, &blue) == 1, let red, let green, let blue else {
      return nil
    }
    let entries = 0..<(1 << Int(header.bits_per_sample))
    // Entries have 16 bits; some writers put 8-bit values there.
    let shift = entries.contains { max(red[$0], green[$0], blue[$0]) > 255 } ? 8 : 0
    return entries.map {
      Image.Color(
        red: UInt8(red[$0] >> shift), green: UInt8(green[$0] >> shift), blue: UInt8(blue[$0] >> shift))
    }
  }

  // MARK: Blocks

  /// Decodes all strips or tiles into interleaved samples.
  private func decode<Sample: FixedWidthInteger & UnsignedInteger>() throws -> [Sample] {
    let count = width * height * channels
    return try [Sample](unsafeUninitializedCapacity: count) { samples, initialized in
      for plane in 0..<(isInPlanes ? channels : 1) {
        if header.tile_width > 0 {
          try decodeTiles(of: plane, into: samples)
        } else {
          try decodeStrips(of: plane, into: samples)
        }
      }
      initialized = count
    }
  }

  private func decodeStrips<Sample: FixedWidthInteger & UnsignedInteger>(
    of plane: Int, into samples: UnsafeMutableBufferPointer<Sample>
  ) throws {
    let rowBytes = Int(martlet_tiff_row_bytes(tiff))
    guard rowBytes == (width * bits * (isInPlanes ? 1 : channels) + 7) / 8 else { throw damaged() }
    let rowsPerStrip = min(max(Int(header.rows_per_strip), 1), height)
    let strips = (height + rowsPerStrip - 1) / rowsPerStrip
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: rowsPerStrip * rowBytes, alignment: 16)
    defer { block.deallocate() }
    for strip in 0..<strips {
      let top = strip * rowsPerStrip
      let rows = min(rowsPerStrip, height - top)
      guard
        martlet_tiff_read_strip(tiff, UInt32(plane * strips + strip), block.baseAddress, rows * rowBytes) == 1
      else { throw damaged() }
      for row in 0..<rows {
        unpack(block, from: row * rowBytes, x: 0, y: top + row, count: width, plane: plane, into: samples)
      }
    }
  }

  private func decodeTiles<Sample: FixedWidthInteger & UnsignedInteger>(
    of plane: Int, into samples: UnsafeMutableBufferPointer<Sample>
  ) throws {
    let tileWidth = Int(header.tile_width)
    let tileHeight = Int(header.tile_height)
    // A tile may reach past the picture, but not be a claim of its own.
    try file.checkSize(width: tileWidth, height: tileHeight)
    let rowBytes = Int(martlet_tiff_tile_row_bytes(tiff))
    let tileBytes = Int(martlet_tiff_tile_bytes(tiff))
    guard rowBytes == (tileWidth * bits * (isInPlanes ? 1 : channels) + 7) / 8,
      tileBytes == rowBytes * tileHeight
    else { throw damaged() }
    let across = (width + tileWidth - 1) / tileWidth
    let down = (height + tileHeight - 1) / tileHeight
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: tileBytes, alignment: 16)
    defer { block.deallocate() }
    for tile in 0..<across * down {
      let index = UInt32(plane * across * down + tile)
      guard martlet_tiff_read_tile(tiff, index, block.baseAddress, tileBytes) == 1 else { throw damaged() }
      let x = tile % across * tileWidth
      let y = tile / across * tileHeight
      for row in 0..<min(tileHeight, height - y) {
        unpack(
          block, from: row * rowBytes, x: x, y: y + row, count: min(tileWidth, width - x), plane: plane,
          into: samples)
      }
    }
  }

  /// Puts one row of a block where it belongs, one number a sample.
  private func unpack<Sample: FixedWidthInteger & UnsignedInteger>(
    _ block: UnsafeMutableRawBufferPointer, from offset: Int, x: Int, y: Int, count: Int, plane: Int,
    into samples: UnsafeMutableBufferPointer<Sample>
  ) {
    let perPixel = isInPlanes ? 1 : channels
    let step = isInPlanes ? channels : 1
    var target = (y * width + x) * channels + plane
    for i in 0..<count * perPixel {
      if bits >= 8 {
        let position = offset + i * MemoryLayout<Sample>.size
        samples[target] = block.loadUnaligned(fromByteOffset: position, as: Sample.self)
      } else {
        let first = i * bits
        let byte = block[offset + first / 8]
        samples[target] = Sample((byte >> UInt8(8 - bits - first % 8)) & UInt8((1 << bits) - 1))
      }
      target += step
    }
  }
}

extension Image {
  /// Turns black and white round, and leaves an alpha channel as it is.
  fileprivate func invertingGrey() -> Image {
    func inverted<Sample: FixedWidthInteger>(_ values: [Sample]) -> [Sample] {
      var values = values
      for i in stride(from: 0, to: values.count, by: channels) { values[i] = Sample.max - values[i] }
      return values
    }
    let turned: Samples =
      switch samples {
      case .uint8(let values): .uint8(inverted(values))
      case .uint16(let values): .uint16(inverted(values))
      }
    return Image(width: width, height: height, channels: channels, samples: turned)
  }
}
