import Martlet
import MartletFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Image {
  /// How an image is stored in a file. The same image gives the same bytes every time.
  public enum Encoding: Hashable, Sendable {
    /// 8 or 16 bits, 1 to 4 channels, as the image has them.
    case png
    /// 8-bit indices of up to 256 colours.
    case indexedPNG(palette: [Color])
    /// 8 bits, grey or RGB, quality 1 to 100, without chroma subsampling.
    case jpeg(quality: Int)
    /// 8 or 16 bits, 1 to 4 channels, compressed with deflate or not at all.
    case tiff(compressed: Bool)
  }

  /// Writes the image to a file in the format that its extension names: `.png`, `.jpg`, `.jpeg` (quality 95),
  /// `.tif` or `.tiff` (compressed). The file appears complete or not at all; see ``AtomicFile``.
  ///
  /// - Throws: ``MartletError`` naming the file, when the format cannot hold the image or it cannot be written.
  public func write(to path: String) throws {
    guard let format = ImageFormat(fileName: path) else {
      throw MartletError("image", "\(path): expected a name that ends in .png, .jpg, .jpeg, .tif or .tiff")
    }
    switch format {
    case .png: try write(to: path, as: .png)
    case .jpeg: try write(to: path, as: .jpeg(quality: 95))
    case .tiff: try write(to: path, as: .tiff(compressed: true))
    }
  }

  /// Writes the image to a file in the given format, whatever its name.
  public func write(to path: String, as encoding: Encoding) throws {
    try AtomicFile.write(try encoded(as: encoding, name: path), to: path)
  }

  /// The bytes of the image as a file.
  ///
  /// - Parameter name: What errors call the image.
  public func encoded(as encoding: Encoding, name: String = "image") throws -> [UInt8] {
    guard width > 0, height > 0, (1...4).contains(channels) else {
      throw MartletError(
        "image", "\(name): expected a picture of 1 to 4 channels, got \(width)×\(height)×\(channels)")
    }
    switch encoding {
    case .png: return try PNGWriter(name: name).encode(self)
    case .indexedPNG(let palette): return try PNGWriter(name: name, palette: palette).encode(self)
    case .jpeg(let quality): return try JPEGWriter(name: name, quality: quality).encode(self)
    case .tiff(let compressed): return try TIFFWriter(name: name, isCompressed: compressed).encode(self)
    }
  }
}
