import Foundation
import Martlet

/// Finds each image's mask by name.
///
/// An image and a mask belong together when their names without extension are equal (`a.jpg` and `a.png`).
/// Those left over are compared again without a suffix that says what the file is: `_mask`, `_masks`, `_gt`,
/// `_label`, `_labels`, `_labelids`, `_seg`, `_segmentation`, `_annotation`, `_l` of masks and `_image`,
/// `_img`, `_sat` of images, also with `-` or `.` in place of `_`, in any case. Images and masks may lie in
/// one folder; then what ends in a mask's suffix is a mask.
struct SamplePairing {
  struct Pair: Sendable {
    let name: String
    let image: URL
    /// The mask's file or folder, or the file of annotations that it is in.
    let mask: URL
    /// The image's path within the dataset.
    let fileName: String

    init(name: String, image: URL, mask: URL, fileName: String? = nil) {
      self.name = name
      self.image = image
      self.mask = mask
      self.fileName = fileName ?? image.lastPathComponent
    }
  }

  private(set) var pairs: [Pair] = []
  private(set) var problems: [String] = []

  static let maskSuffixes = [
    "mask", "masks", "gt", "label", "labels", "labelids", "seg", "segmentation", "annotation", "l",
  ]

  private let kind: SampleFileKind

  init(images: URL, masks: URL, kind: SampleFileKind = .image) throws {
    self.kind = kind
    var imageFiles: [URL]
    var maskFiles: [URL]
    if images.standardizedFileURL.resolvingSymlinksInPath()
      == masks.standardizedFileURL.resolvingSymlinksInPath()
    {
      let listing = try ImageFolder.files(in: images, for: "images and masks", kind: kind)
      let all = listing.files
      problems += listing.problems
      maskFiles = all.filter { Self.withoutSuffix($0.stem, Self.maskSuffixes) != nil }
      imageFiles = all.filter { Self.withoutSuffix($0.stem, Self.maskSuffixes) == nil }
      if problems.isEmpty, maskFiles.isEmpty || imageFiles.isEmpty {
        throw MartletError(
          "dataset",
          "expected masks with names such as `a_mask.png` beside images in \(images.path), "
            + "got \(counted(imageFiles.count, "image")) and \(counted(maskFiles.count, "mask")); "
            + "where masks have a folder of their own, give it too")
      }
    } else {
      let listings = try (
        ImageFolder.files(in: images, for: "images", kind: kind),
        ImageFolder.files(in: masks, for: "masks", kind: kind)
      )
      imageFiles = listings.0.files
      maskFiles = listings.1.files
      problems += listings.0.problems + listings.1.problems
    }
    imageFiles = withoutDuplicates(imageFiles, "images")
    maskFiles = withoutDuplicates(maskFiles, "masks")

    var maskOfImage: [String: URL] = [:]
    let maskByStem = Dictionary(maskFiles.map { ($0.stem, $0) }) { first, _ in first }
    var usedMasks: Set<String> = []
    for image in imageFiles {
      if let mask = maskByStem[image.stem] {
        maskOfImage[image.stem] = mask
        usedMasks.insert(mask.stem)
      }
    }
    pairBySuffix(
      imageFiles.filter { maskOfImage[$0.stem] == nil }, maskFiles.filter { !usedMasks.contains($0.stem) },
      &maskOfImage, &usedMasks)

    pairs = imageFiles.compactMap { image in
      maskOfImage[image.stem].map { Pair(name: image.stem, image: image, mask: $0) }
    }
    report(imageFiles.filter { maskOfImage[$0.stem] == nil }, "image", without: "a mask", in: masks)
    report(maskFiles.filter { !usedMasks.contains($0.stem) }, "mask", without: "an image", in: images)
  }

  private mutating func withoutDuplicates(_ files: [URL], _ kind: String) -> [URL] {
    let groups = Dictionary(grouping: files, by: \.stem)
    for file in files where groups[file.stem]?.first == file {
      guard let group = groups[file.stem], group.count > 1 else { continue }
      let names = group.map(\.lastPathComponent).joined(separator: ", ")
      problems.append("\(kind) of the same name: \(names); expected one")
    }
    return files.filter { groups[$0.stem]?.first == $0 }
  }

  private mutating func pairBySuffix(
    _ images: [URL], _ masks: [URL], _ maskOfImage: inout [String: URL], _ usedMasks: inout Set<String>
  ) {
    let masksByKey = Dictionary(grouping: masks) { Self.withoutSuffix($0.stem, Self.maskSuffixes) ?? $0.stem }
    let imagesByKey = Dictionary(grouping: images) {
      Self.withoutSuffix($0.stem, kind.imageSuffixes) ?? $0.stem
    }
    for image in images {
      let key = Self.withoutSuffix(image.stem, kind.imageSuffixes) ?? image.stem
      guard let candidates = masksByKey[key] else { continue }
      if candidates.count > 1 || imagesByKey[key, default: []].count > 1 {
        if imagesByKey[key]?.first == image {
          let names = (imagesByKey[key, default: []] + candidates).map(\.lastPathComponent).joined(
            separator: ", ")
          problems.append("more than one way to pair \(names); expected one image and one mask of a name")
        }
      }
      maskOfImage[image.stem] = candidates[0]
      usedMasks.formUnion(candidates.map(\.stem))
    }
  }

  private mutating func report(_ files: [URL], _ kind: String, without partner: String, in folder: URL) {
    if files.isEmpty { return }
    let names = files.prefix(10).map(\.lastPathComponent).joined(separator: ", ")
    let rest = files.count > 10 ? " and \(files.count - 10) more" : ""
    problems.append("\(counted(files.count, kind)) without \(partner) in \(folder.path): \(names)\(rest)")
  }

  /// The stem without one of the suffixes, or `nil` where it has none or would be empty.
  static func withoutSuffix(_ stem: String, _ suffixes: [String]) -> String? {
    guard let separator = stem.lastIndex(where: { $0 == "_" || $0 == "-" || $0 == "." }) else { return nil }
    let suffix = stem[stem.index(after: separator)...].lowercased()
    let rest = stem[..<separator]
    return suffixes.contains(suffix) && !rest.isEmpty ? String(rest) : nil
  }
}
