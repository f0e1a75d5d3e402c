import Foundation

/// How datasets read files: the one place that names the codecs.
enum ImageFile {
  /// What the header says.
  static func info(_ url: URL) throws -> Image.Info { try Image.info(contentsOf: url) }

  static func image(_ url: URL) throws -> Image { try Image(contentsOf: url) }

  /// A mask's stored values and palette indices, or the colours that they show.
  static func mask(_ url: URL, asColors: Bool) throws -> Image {
    try Image(contentsOf: url, as: asColors ? .picture : .indices)
  }
}
