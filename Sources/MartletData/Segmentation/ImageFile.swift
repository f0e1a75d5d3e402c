import Foundation

/// How datasets read files: the one place that names the codecs.
enum ImageFile {
  /// Channels as the header says.
  static func channels(_ url: URL) throws -> Int { try Image.info(contentsOf: url).channels }

  static func hasPalette(_ url: URL) throws -> Bool { try Image.info(contentsOf: url).palette != nil }

  static func image(_ url: URL) throws -> Image { try Image(contentsOf: url) }

  /// A mask's stored values and palette indices, or the colours that they show.
  static func mask(_ url: URL, asColors: Bool) throws -> Image {
    try Image(contentsOf: url, as: asColors ? .picture : .indices)
  }
}
