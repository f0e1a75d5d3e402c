/// A picture in memory: rows from the top, pixels from the left, channels interleaved.
public struct Image: Hashable, Sendable {
  /// The samples, one a channel a pixel, at the depth they were stored with.
  public enum Samples: Hashable, Sendable {
    /// 8 bits a sample, also of files that store fewer.
    case uint8([UInt8])
    /// 16 bits a sample, in the machine's byte order.
    case uint16([UInt16])

    /// Samples of all channels: width × height × channels.
    public var count: Int {
      switch self {
      case .uint8(let values): values.count
      case .uint16(let values): values.count
      }
    }
  }

  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
  public let channels: Int
  /// Channel c of pixel (x, y) is number (y × width + x) × channels + c.
  public let samples: Samples

  /// - Precondition: `samples` holds width × height × channels values.
  public init(width: Int, height: Int, channels: Int, samples: Samples) {
    precondition(samples.count == width * height * channels, "an image's samples must fill it")
    self.width = width
    self.height = height
    self.channels = channels
    self.samples = samples
  }
}
