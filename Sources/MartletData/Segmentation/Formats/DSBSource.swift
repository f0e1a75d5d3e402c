import Foundation
import Martlet
import MartletFiles

/// The layout of the 2018 Data Science Bowl: `ID/images/ID.png` and `ID/masks/*.png`, an object a mask.
enum DSBSource {
  /// Whether a folder holds at least one folder with `images` and `masks`.
  static func looksLike(_ folder: URL) -> Bool {
    let names = (try? Folder.names(in: folder.path)) ?? []
    // A glance: a dataset has hundreds of them, and other folders may have many files.
    return names.prefix(50).contains { name in
      ["images", "masks"].allSatisfy { DatasetFormat.isFolder(folder.appending(path: "\(name)/\($0)")) }
    }
  }

  static func source(_ root: URL, _ options: SegmentationOptions) throws -> SampleSource {
    guard let names = try Folder.names(in: root.path) else {
      throw MartletError("dataset", "expected a folder of samples at \(root.path), got nothing there")
    }
    var settled = options
    settled.classes = options.classes ?? [SegmentationClass("background"), SegmentationClass("foreground")]
    var source = SampleSource(
      format: .dsb, pairs: [], problems: [], masks: ObjectMasks(), options: settled)
    for name in names.sorted(by: NaturalOrder.precedes)
    where !name.hasPrefix(".") && DatasetFormat.isFolder(root.appending(path: name)) {
      let folder = root.appending(path: name)
      let (images, masks) = (folder.appending(path: "images"), folder.appending(path: "masks"))
      // Runs and predictions may lie beside the samples.
      guard DatasetFormat.isFolder(images) || DatasetFormat.isFolder(masks) else {
        source.notes.append("\(folder.path): left out, since there are neither images nor masks in it")
        continue
      }
      do {
        let listing = try ImageFolder.files(in: images, for: "images")
        source.problems += listing.problems
        guard listing.files.count == 1, let image = listing.files.first else {
          source.problems.append("\(images.path): expected one image, got \(listing.files.count)")
          continue
        }
        guard DatasetFormat.isFolder(masks) else {
          source.problems.append("\(folder.path): expected a folder of masks beside images, got none")
          continue
        }
        source.pairs.append(
          .init(
            name: name, image: image, mask: masks, fileName: "\(name)/images/\(image.lastPathComponent)"))
      } catch let error as MartletError {
        source.problems.append(error.message)
      }
    }
    try require(
      !source.pairs.isEmpty || !source.problems.isEmpty, "dataset",
      "expected folders with images and masks in \(root.path), got none")
    return source
  }
}

/// A folder a mask: what is not 0 in any of its files is an object.
struct ObjectMasks: MaskReader {
  func raster(of pair: SamplePairing.Pair, width: Int, height: Int, asColors: Bool) throws -> MaskRaster {
    var values = [UInt8](repeating: 0, count: width * height)
    // An image without objects has an empty folder.
    let isEmpty = (try Folder.names(in: pair.mask.path) ?? []).allSatisfy { $0.hasPrefix(".") }
    let listing = isEmpty ? nil : try ImageFolder.files(in: pair.mask, for: "masks")
    // A mask that cannot be read is an object that would be missing.
    if let problem = listing?.problems.first { throw MartletError("dataset", problem) }
    for file in listing?.files ?? [] {
      let object = try MaskRaster(contentsOf: file, asColors: false)
      guard object.width == width, object.height == height else {
        throw MartletError(
          "dataset",
          "\(file.path): expected a mask of \(width)×\(height) as \(pair.image.lastPathComponent), "
            + "got \(object.width)×\(object.height)")
      }
      switch object.pixels {
      case .values(let object, _):
        for pixel in values.indices where object[pixel] != 0 { values[pixel] = 1 }
      case .colors, .labels:
        throw MartletError("dataset", "\(file.path): expected an object's mask in grey, got colours")
      }
    }
    return MaskRaster(width: width, height: height, pixels: .labels(values))
  }
}
