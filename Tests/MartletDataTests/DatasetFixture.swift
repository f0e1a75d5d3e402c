import Foundation
import Martlet
import Testing

@testable import MartletData

/// A folder that is removed with the value that made it.
final class DatasetFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
    try FileManager.default.createDirectory(at: masks, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  var images: URL { url.appendingPathComponent("images") }
  var masks: URL { url.appendingPathComponent("masks") }

  /// Writes an image file of samples that differ from pixel to pixel.
  func addImage(_ name: String, width: Int = 4, height: Int = 3, channels: Int = 3) throws {
    let count = width * height * channels
    let seed = name.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFF
    let image = Image(
      width: width, height: height, channels: channels,
      samples: .uint8((0..<count).map { UInt8(($0 * 7 + seed) & 0xFF) }))
    try image.write(to: images.appendingPathComponent(name).path)
  }

  /// Writes a grey mask file, rows from the top.
  func addMask(_ name: String, _ rows: [[UInt8]]) throws {
    let image = Image(
      width: rows[0].count, height: rows.count, channels: 1, samples: .uint8(rows.flatMap { $0 }))
    try image.write(to: masks.appendingPathComponent(name).path)
  }

  /// Writes a mask file of colours.
  func addMask(_ name: String, colors rows: [[MaskColor]]) throws {
    let image = Image(
      width: rows[0].count, height: rows.count, channels: 3,
      samples: .uint8(rows.flatMap { $0 }.flatMap { [$0.red, $0.green, $0.blue] }))
    try image.write(to: masks.appendingPathComponent(name).path)
  }

  func addPair(_ stem: String, _ rows: [[UInt8]] = DatasetFolder.halves) throws {
    try addImage("\(stem).png", width: rows[0].count, height: rows.count)
    try addMask("\(stem).png", rows)
  }

  func dataset(_ options: SegmentationOptions = SegmentationOptions()) throws -> SegmentationDataset {
    try SegmentationDataset(images: images, masks: masks, options: options)
  }

  /// The text of the error that the folder gives.
  func error(_ options: SegmentationOptions = SegmentationOptions()) -> String {
    datasetErrorText { try dataset(options) }
  }

  /// Background at the left, foreground at the right.
  static let halves: [[UInt8]] = [[0, 0, 255, 255], [0, 0, 255, 255], [0, 0, 255, 255]]
}

/// The text of the error that a call throws.
func datasetErrorText(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// The photographs and masks of cell nuclei beside the package, which are not part of it.
enum NucleiData {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data/nuclei")

  static var isPresent: Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent("train/images").path)
  }

  static func dataset(_ part: String) throws -> SegmentationDataset {
    try SegmentationDataset(
      images: folder.appendingPathComponent("\(part)/images"),
      masks: folder.appendingPathComponent("\(part)/masks"))
  }
}
