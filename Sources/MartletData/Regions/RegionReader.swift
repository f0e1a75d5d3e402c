import Martlet
import MartletFiles

/// A rectangle of an image's pixels.
public struct PixelWindow: Hashable, Sendable {
  /// The column of the first pixel.
  public var x: Int
  /// The row of the first pixel.
  public var y: Int
  /// In pixels.
  public var width: Int
  /// In pixels.
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// Checks that the window holds a pixel and lies in an image.
  func check(in info: Image.Info, _ name: String) throws {
    try require(
      x >= 0 && y >= 0 && width > 0 && height > 0 && width <= info.width && height <= info.height
        && x <= info.width - width && y <= info.height - height, "image",
      "\(name): expected a window in \(info.width)×\(info.height) pixels, got \(width)×\(height) at (\(x), \(y))"
    )
  }
}

/// An image that is read by parts, so that it may be larger than memory.
///
/// Windows may be asked for in any order; from the top down, each block of the file is decoded about once.
public protocol RegionReader: AnyObject {
  /// The image's size, channels and depth.
  var info: Image.Info { get }
  /// Bytes of memory that the reader holds whatever is read: the whole image, or close to nothing.
  var heldByteCount: Int { get }

  /// A part of the image, as reading it whole as a picture (``Image/Reading/picture``) would give it.
  ///
  /// - Throws: ``MartletError`` naming the file when the window does not lie in the image or the file is damaged
  ///   there.
  func image(in window: PixelWindow) throws -> Image
}

extension Image {
  /// Opens a PNG, JPEG or TIFF file to be read by parts.
  ///
  /// An upright TIFF, in strips or tiles, is decoded as it is asked for, so that its size in pixels has no limit;
  /// ``Limits/maximumPixels`` is the most that one part may have, and a row of a strip of more than 4 MiB. A strip that is not compressed is read by rows
  /// whatever its length; a compressed one of more than 4 MiB is held, compressed, while rows are decoded from it.
  /// Every other file is read whole when its first part is asked for, and stays in memory.
  ///
  /// - Parameter wholeLimits: The limits for files that are read whole, where they are others.
  /// - Throws: ``MartletError`` naming the file and what is wrong with it.
  public static func regions(
    contentsOf path: String, limits: Limits = .standard, wholeLimits: Limits? = nil
  ) throws -> any RegionReader {
    let (start, _) = try ReadableFile.read(path, operation: "image", prefix: 16)
    if ImageFormat(signature: start) == .tiff {
      let parts = try TIFFRegions(path, limits: limits)
      if parts.isUpright { return parts }
    }
    return try WholeFileRegions(path, limits: wholeLimits ?? limits)
  }
}
