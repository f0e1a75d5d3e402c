import Foundation
import Martlet
import MartletFiles

/// How a dataset's images and masks are stored.
public enum DatasetFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// Told by what lies at the two places; see ``detected(images:masks:)``.
  case auto
  /// A folder of images and one of masks, paired by file name.
  case folders
  /// A folder a sample with `images/` and, one file an object, `masks/`: the 2018 Data Science Bowl. Objects are one
  /// class.
  case dsb
  /// COCO: a folder of images and a JSON file with polygons and run lengths. Crowds are ignored.
  case coco
  /// Pascal VOC: `JPEGImages`, `SegmentationClass` (255 ignored) and lists in `ImageSets/Segmentation`.
  case voc
  /// LabelMe: a folder of images and a JSON file with outlines for each.
  case labelme
  /// CVAT for images 1.1: a folder of images and an XML file.
  case cvat

  /// Whether masks are drawn from outlines or objects, which say their classes by themselves.
  package var drawsMasks: Bool { [.dsb, .coco, .labelme, .cvat].contains(self) }

  /// The format of what lies at two places: by the kind of the file of annotations (`.json` COCO, `.xml` CVAT, `.txt`
  /// VOC), by VOC's folder names, by folders with `images` and `masks` in them, by JSON files of the images' names where
  /// masks are looked for; folders otherwise.
  ///
  /// - Parameter masks: The same as `images` when only one place is known.
  public static func detected(images: URL, masks: URL) -> DatasetFormat {
    switch masks.pathExtension.lowercased() {
    case "json" where !isFolder(masks): return .coco
    case "xml" where !isFolder(masks): return .cvat
    case "txt" where !isFolder(masks): return .voc
    default: break
    }
    if VOCSource.root(of: images) != nil { return .voc }
    if DSBSource.looksLike(images) { return .dsb }
    return LabelMeSource.looksLike(images: images, annotations: masks) ? .labelme : .folders
  }

  static func isFolder(_ url: URL) -> Bool { Folder.target(of: url.path) == .folder }

  /// Finds the samples at two places.
  ///
  /// - Throws: ``MartletError`` where there is nothing of this format; what is wrong with single files is in the
  ///   source's problems.
  func source(images: URL, masks: URL, options: SegmentationOptions) throws -> SampleSource {
    switch self {
    case .auto:
      return try Self.detected(images: images, masks: masks).source(
        images: images, masks: masks, options: options)
    case .folders:
      let pairing = try SamplePairing(images: images, masks: masks)
      return SampleSource(
        format: self, pairs: pairing.pairs, problems: pairing.problems, masks: MaskFiles(), options: options)
    case .dsb: return try DSBSource.source(images, options)
    case .voc: return try VOCSource.source(images: images, masks: masks, options)
    case .coco: return try COCOSource(images: images, annotations: annotationFile(masks)).source(options)
    case .labelme: return try LabelMeSource.source(images: images, annotations: masks, options)
    case .cvat: return try CVATSource(images: images, annotations: annotationFile(masks)).source(options)
    }
  }

  /// - Throws: ``MartletError`` for a folder, such as that of the images where nothing else was given.
  private func annotationFile(_ masks: URL) throws -> URL {
    try require(
      !Self.isFolder(masks), "dataset",
      "expected the file of \(rawValue)'s annotations as masks, got the folder \(masks.path)")
    return masks
  }
}
