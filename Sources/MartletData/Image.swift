/// A picture in memory: rows from the top, pixels from the left, channels interleaved.
public struct Image: Hashable, Sendable {
  /// The samples, one a channel a pixel, at the depth they were stored with.
  public enum Samples: Hashable, Sendable {
    case uint8([UInt8])
    case uint16([UInt16])

    public var count: Int {
      switch self {
      case .uint8(let values): values.count
      case .uint16(let values): values.count
      }
    }
  }

  public let width: Int
  public let height: Int
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
  public let channels: Int
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
