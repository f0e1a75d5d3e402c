import Martlet

/// Parts of an image that is in memory.
public final class ImageRegions: RegionReader {
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
