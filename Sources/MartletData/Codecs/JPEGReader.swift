import CSystemTurboJPEG
import Martlet

/// Reads one JPEG file that is in memory.
struct JPEGReader {
  private let file: EncodedImage
  private let header: JPEGHeader

  init(_ file: EncodedImage) throws {
    self.file = file
    header = try JPEGHeader(file)
    try file.checkSize(width: header.width, height: header.height)
  }

  var info: Image.Info {
    let turned = header.orientation.swapsSides
    return Image.Info(
      format: .jpeg, width: turned ? header.height : header.width,
      height: turned ? header.width : header.height, channels: header.components, bitsPerSample: 8)
  }

  func image() throws -> Image {
    guard let decoder = tjInitDecompress() else { throw file.failure("out of memory") }
    defer { tjDestroy(decoder) }
    func complaint() -> MartletError {
      file.failure("is a damaged JPEG: \(tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "unknown")")
    }

    // The library must see the same picture as our own look at the header, or the buffer would not fit. Its
    // result is not looked at: it also fails for uncommon chroma samplings, which decode well.
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colorspace: Int32 = 0
    _ = tjDecompressHeader3(
      decoder, file.bytes, UInt(file.bytes.count), &width, &height, &subsampling, &colorspace)
    guard Int(width) == header.width, Int(height) == header.height else { throw complaint() }

    let count = header.width * header.height * header.components
    let format = header.components == 1 ? TJPF_GRAY : TJPF_RGB
    let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    let samples = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let result = tjDecompress2(
        decoder, file.bytes, UInt(file.bytes.count), buffer.baseAddress, width,
        width * Int32(header.components), height, Int32(format.rawValue), Int32(flags))
      guard result == 0 else { throw complaint() }
      initialized = count
    }
    let stored = Image(
      width: header.width, height: header.height, channels: header.components, samples: .uint8(samples))
    return stored.upright(from: header.orientation)
  }
}
