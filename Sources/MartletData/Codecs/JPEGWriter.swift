import CSystemTurboJPEG
import Martlet

/// Encodes 8-bit grey and RGB images as baseline JPEG.
struct JPEGWriter {
  let name: String
  let quality: Int

  func encode(_ image: Image) throws -> [UInt8] {
    guard case .uint8(let samples) = image.samples, image.channels == 1 || image.channels == 3 else {
      throw failure(
        "a JPEG holds 8-bit grey or RGB, got \(image.channels) channels of \(image.bitsPerSample) bits")
    }
    guard (1...100).contains(quality) else { throw failure("expected a quality of 1 to 100, got \(quality)") }
    guard image.width <= 65_500, image.height <= 65_500 else {
      throw failure("\(image.width)×\(image.height) pixels are too many for a JPEG")
    }
    guard let encoder = tjInitCompress() else { throw failure("out of memory") }
    defer { tjDestroy(encoder) }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count: UInt = 0
    defer { tjFree(bytes) }
    let isGrey = image.channels == 1
    let result = tjCompress2(
      encoder, samples, Int32(image.width), Int32(image.width * image.channels), Int32(image.height),
      Int32((isGrey ? TJPF_GRAY : TJPF_RGB).rawValue), &bytes, &count,
      Int32((isGrey ? TJSAMP_GRAY : TJSAMP_444).rawValue), Int32(quality), TJFLAG_ACCURATEDCT)
    guard result == 0, let bytes else {
      throw failure("cannot be encoded as JPEG: \(tjGetErrorStr2(encoder).map { String(cString: $0) } ?? "")")
    }
    return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }

  private func failure(_ reason: String) -> MartletError { MartletError("image", "\(name): \(reason)") }
}
