import Martlet

/// The height and width of windows.
public struct TileSize: Hashable, Sendable, CustomStringConvertible {
  /// In pixels.
  public var height: Int
  /// In pixels.
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// Reads `512` or `384x512`, height first.
  public init?(_ text: String) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    switch parts.count {
    case 1:
      guard let side = parts[0] else { return nil }
      self.init(height: side, width: side)
    case 2:
      guard let height = parts[0], let width = parts[1] else { return nil }
      self.init(height: height, width: width)
    default: return nil
    }
  }

  /// The size of a window that is turned so that rows become columns.
  var transposed: TileSize { TileSize(height: width, width: height) }

  public var description: String { "\(height)×\(width)" }
}

/// Where windows of one size lie along one side of an image, as `monai.inferers.sliding_window_inference` has it: a
/// step of `Int(size * (1 - overlap))` apart, the last moved back to end with the image. An image that is shorter than
/// a window is in the middle of one.
struct WindowPositions: Hashable, Sendable {
  /// The first pixel of each window, in order; below 0 where the image is shorter.
  let starts: [Int]

  /// - Parameters:
  ///   - length: The image's.
  ///   - size: The window's.
  ///   - overlap: The share of a window that the next one has too: 0 up to, but without, 1.
  init(length: Int, size: Int, overlap: Double) {
    if length <= size {
      starts = [-((size - length) / 2)]
    } else {
      let step = max(Int(Double(size) * (1 - overlap)), 1)
      // As many as it takes for the last to reach the end.
      let count = (length - size + step - 1) / step + 1
      starts = (0..<count).map { min($0 * step, length - size) }
    }
  }
}
