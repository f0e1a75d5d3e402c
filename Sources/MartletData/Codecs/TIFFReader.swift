import CImageShims
import Martlet
import MartletFiles

/// Reads the first page of one TIFF file that is in memory or open. TIFF 6.0 gives the fields.
final class TIFFReader {
  let file: EncodedImage
  let tiff: OpaquePointer
  let header: martlet_tiff_header
  /// Where the file's bytes are, in memory or on the disk. libtiff reads them between calls.
  private let bytes: UnsafeMutableBufferPointer<UInt8>?
  private let openFile: ReadableFile?
  private let palette: [Image.Color]?
  private let pages: Int
  /// Strips of more decoded bytes are decoded row by row instead of whole.
  var largestWholeStrip = 4 << 20
  /// The strip that was decoded last, since the next rows often begin in it.
  var lastStrip: (number: Int, bytes: UnsafeMutableRawBufferPointer)?

  var width: Int { Int(header.width) }
  var height: Int { Int(header.height) }
  var channels: Int { Int(header.samples_per_pixel) }
  var bits: Int { Int(header.bits_per_sample) }
  var isInPlanes: Bool { header.planes == 2 && channels > 1 }
  var orientation: Orientation { Orientation(rawValue: Int(header.orientation)) ?? .upright }

  /// A file that is in memory, and no larger as a picture than its limits.
  convenience init(_ file: EncodedImage) throws {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: file.bytes.count)
    _ = bytes.initialize(from: file.bytes)
    try self.init(file, bytes: bytes) {
      martlet_tiff_open(bytes.baseAddress, bytes.count, Self.largestAllocation(file.limits), $0)
    }
    try file.checkSize(width: width, height: height)
    try checkKind()
  }

  /// A file that stays where it is and is read by parts, each of them no larger than the limits.
  convenience init(partsOf path: String, limits: Image.Limits) throws {
    let open = try ReadableFile(path, operation: "image")
    try self.init(EncodedImage(name: path, bytes: [], limits: limits), openFile: open) {
      martlet_tiff_open_file(
        open.descriptor.number, UInt64(open.byteCount), Self.largestAllocation(limits), $0)
    }
    try checkKind()
    try checkLength(open.byteCount)
  }

  private init(
    _ file: EncodedImage, bytes: UnsafeMutableBufferPointer<UInt8>? = nil, openFile: ReadableFile? = nil,
    opening open: (UnsafeMutablePointer<CChar>) -> OpaquePointer?
  ) throws {
    var opened: OpaquePointer?
    do {
      try file.calling("is a damaged TIFF") { error in
        opened = open(error)
        return opened != nil
      }
    } catch {
      bytes?.deallocate()
      throw error
    }
    guard let opened else { preconditionFailure("an opened file has an address") }
    self.file = file
    self.bytes = bytes
    self.openFile = openFile
    tiff = opened
    var header = martlet_tiff_header()
    martlet_tiff_read_header(opened, &header)
    self.header = header
    palette = TIFFReader.palette(opened, header)
    pages = Int(martlet_tiff_page_count(opened))
    // From here on `deinit` gives everything back when an error is thrown.
    if martlet_tiff_error(opened).pointee != 0 { throw damaged() }
  }

  deinit {
    martlet_tiff_close(tiff)
    lastStrip?.bytes.deallocate()
    bytes?.deallocate()
  }

  /// A decoded picture of the limit's size, at most 4 channels of 16 bits, is the most a block may take.
  private static func largestAllocation(_ limits: Image.Limits) -> Int {
    let (largest, overflow) = limits.maximumPixels.multipliedReportingOverflow(by: 8)
    return overflow ? .max / 2 : largest
  }

  var info: Image.Info {
    let turned = orientation.swapsSides
    let channels = palette.map { Image.hasAlpha($0) ? 4 : 3 } ?? channels
    return Image.Info(
      format: .tiff, width: turned ? height : width, height: turned ? width : height, channels: channels,
      bitsPerSample: bits, palette: palette, pages: pages)
  }

  func image(as reading: Image.Reading) throws -> Image {
    try stored(PixelWindow(x: 0, y: 0, width: width, height: height), as: reading).upright(from: orientation)
  }

  /// A part of the picture as it is stored, not turned upright.
  func stored(_ window: PixelWindow, as reading: Image.Reading) throws -> Image {
    let samples: Image.Samples = bits == 16 ? .uint16(try decode(window)) : .uint8(try decode(window))
    let image = Image(width: window.width, height: window.height, channels: channels, samples: samples)
    guard reading == .picture else { return image }
    if let palette { return try image.expandingPalette(palette, of: file) }
    let scaled = image.scalingGreys(bits: bits)
    return header.photometric == 0 ? scaled.invertingGrey() : scaled
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
    guard martlet_tiff_can_decode(header.compression) == 1 else {
      throw unsupported("compression \(header.compression), which libtiff cannot undo")
    }
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

  /// Refuses a file that is too short for its claim before any work is done. What does not compress says exactly how
  /// long it must be; LZW's and deflate's best are 1 byte for 4096 and 1032.
  private func checkLength(_ size: Int) throws {
    try require(
      width > 0 && height > 0 && width <= Int(Int32.max) && height <= Int(Int32.max), "image",
      "\(file.name): claims \(width)×\(height) pixels")
    let best: Int? =
      switch header.compression {
      case 1: 1
      case 5: 4096
      case 8, 32946: 1032
      case 32773: 64
      default: nil
      }
    let needed = Double((width * channels * bits + 7) / 8) * Double(height)
    if let best, Double(size) * Double(best) < needed {
      throw file.failure("is a damaged TIFF: \(size) bytes cannot hold \(width)×\(height) pixels")
    }
  }

  private func unsupported(_ kind: String) -> MartletError {
    file.failure("is a TIFF with \(kind); expected unsigned 8- or 16-bit grey, RGB or palette")
  }

  func damaged() -> MartletError {
    let number = martlet_tiff_system_error(tiff)
    if number != 0 { return file.failure("cannot be read: \(systemErrorText(number))") }
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
