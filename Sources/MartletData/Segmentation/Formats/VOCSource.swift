import Foundation
import Martlet
import MartletFiles

/// Pascal VOC's layout: images in `JPEGImages`, palette masks in `SegmentationClass` with 255 for what does not count,
/// and lists of names in `ImageSets/Segmentation`.
enum VOCSource {
  /// The names of the challenge's classes (Everingham et al., IJCV 2010), for masks with as many.
  static let classNames = [
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
  ]

  /// The folder that holds `JPEGImages`: the given one or the one above it.
  static func root(of images: URL) -> URL? {
    let above = images.deletingLastPathComponent()
    if DatasetFormat.isFolder(images.appending(path: "JPEGImages")) { return images }
    return images.lastPathComponent == "JPEGImages" && DatasetFormat.isFolder(images) ? above : nil
  }

  /// - Parameter masks: A list of names; or the root or the folder of masks, for all masks there are.
  static func source(images: URL, masks: URL, _ options: SegmentationOptions) throws -> SampleSource {
    guard let root = root(of: images) else {
      throw MartletError("dataset", "expected a folder with JPEGImages in it at \(images.path)")
    }
    let isList = !DatasetFormat.isFolder(masks)
    let isRoot = isList || DatasetFormat.isFolder(masks.appending(path: "SegmentationClass"))
    let maskFolder = isRoot ? root.appending(path: "SegmentationClass") : masks
    let imageListing = try ImageFolder.files(in: root.appending(path: "JPEGImages"), for: "images")
    let maskListing = try ImageFolder.files(in: maskFolder, for: "masks")
    let imagesByName = Dictionary(grouping: imageListing.files, by: \.stem)
    let maskByName = Dictionary(maskListing.files.map { ($0.stem, $0) }) { first, _ in first }

    var settled = options
    if settled.encoding == .automatic, settled.classes?.first?.color == nil {
      settled.encoding = .indices
      if settled.ignoreIndex == nil { settled.ignoreIndex = 255 }
    }
    var source = SampleSource(
      format: .voc, pairs: [], problems: maskListing.problems, masks: MaskFiles(), options: settled)
    // Which images a run sets aside follows from their order, which is not to follow from the list's.
    let wanted =
      try isList ? names(in: masks).sorted(by: NaturalOrder.precedes) : maskListing.files.map(\.stem)
    for name in wanted {
      let images = imagesByName[name] ?? []
      switch (images.first, maskByName[name]) {
      case (let image?, let mask?):
        source.pairs.append(.init(name: name, image: image, mask: mask))
        if images.count > 1 {
          let names = images.map(\.lastPathComponent).joined(separator: ", ")
          source.problems.append("\(root.path)/JPEGImages: expected one image \(name), got \(names)")
        }
      case (nil, _): source.problems.append("\(root.path)/JPEGImages: expected an image \(name), got none")
      case (_, nil): source.problems.append("\(maskFolder.path): expected a mask \(name), got none")
      }
    }
    return source
  }

  /// The first word of each line.
  private static func names(in list: URL) throws -> [String] {
    let (bytes, _) = try ReadableFile.read(list.path, operation: "dataset", limit: AnnotationFile.byteLimit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw MartletError("dataset", "\(list.path): expected a list of names in UTF-8")
    }
    var seen: Set<String> = []
    let names = text.split(whereSeparator: \.isNewline).compactMap { line in
      line.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
    try require(!names.isEmpty, "dataset", "\(list.path): expected names of images, got none")
    return names.filter { seen.insert($0).inserted }
  }
}

extension SegmentationOptions {
  /// Gives the challenge's names to classes that were found in masks, where they are as many.
  mutating func nameClassesOfVOC() {
    guard let found = classes, found.count == VOCSource.classNames.count, found[0].name == "class 0" else {
      return
    }
    classes = VOCSource.classNames.map { SegmentationClass($0) }
  }
}
