import Foundation

/// Where a dataset's images and masks lie: two places, or one that holds both.
public struct DatasetPlaces: Hashable, Sendable {
  /// The images, or all there is of a format of one place.
  public let images: URL
  /// The folder of masks, or the file or folder of annotations; the same as ``images`` where that holds both.
  public let masks: URL

  /// - Parameters:
  ///   - masks: `nil` where `images` holds both: in a format of one place, as masks beside their images, or in folders
  ///     `images` and `masks`.
  ///   - format: ``DatasetFormat/folders`` for volumes.
  public init(images: URL, masks: URL?, format: DatasetFormat = .auto) {
    let parts = ["images", "masks"].map { images.appending(path: $0) }
    let hasParts =
      masks == nil && [.auto, .folders].contains(format) && parts.allSatisfy(DatasetFormat.isFolder)
    self.images = hasParts ? parts[0] : images
    self.masks = masks ?? (hasParts ? parts[1] : images)
  }
}
