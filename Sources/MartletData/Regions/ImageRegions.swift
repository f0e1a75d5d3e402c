import Martlet

/// Parts of an image that is in memory.
public final class ImageRegions: RegionReader {
  /// The image's size, channels and bits. As there is no file, the format is always ``ImageFormat/png``.
  public let info: Image.Info
  public var heldByteCount: Int { image.samples.count * image.bitsPerSample / 8 }
  private let image: Image
  private let name: String

  /// - Parameter name: What errors call the image.
  public init(_ image: Image, name: String = "image") {
    self.image = image
    self.name = name
    info = Image.Info(
      format: .png, width: image.width, height: image.height, channels: image.channels,
      bitsPerSample: image.bitsPerSample)
  }

  public func image(in window: PixelWindow) throws -> Image {
    try window.check(in: info, name)
    return image.cropped(to: window)
  }
}

extension Image {
  /// A part of the image, which must lie in it.
  func cropped(to window: PixelWindow) -> Image {
    func part<Sample>(_ values: [Sample]) -> [Sample] {
      var taken: [Sample] = []
      taken.reserveCapacity(window.width * window.height * channels)
      for y in window.y..<window.y + window.height {
        let start = (y * width + window.x) * channels
        taken += values[start..<start + window.width * channels]
      }
      return taken
    }
    if window == PixelWindow(x: 0, y: 0, width: width, height: height) { return self }
    let samples: Samples =
      switch samples {
      case .uint8(let values): .uint8(part(values))
      case .uint16(let values): .uint16(part(values))
      }
    return Image(width: window.width, height: window.height, channels: channels, samples: samples)
  }
}

/// Parts of an image file that is read whole when the first of them is asked for, so that what it takes can be looked at
/// before.
final class WholeFileRegions: RegionReader {
  let info: Image.Info
  private let path: String
  private let limits: Image.Limits
  private var regions: ImageRegions?

  init(_ path: String, limits: Image.Limits) throws {
    self.path = path
    self.limits = limits
    info = try Image.info(contentsOf: path, limits: limits)
  }

  var heldByteCount: Int {
    info.width.saturatingProduct(info.height).saturatingProduct(
      info.channels * (info.bitsPerSample > 8 ? 2 : 1))
  }

  func image(in window: PixelWindow) throws -> Image {
    if let regions { return try regions.image(in: window) }
    let read = ImageRegions(try Image(contentsOf: path, limits: limits), name: path)
    regions = read
    return try read.image(in: window)
  }
}
