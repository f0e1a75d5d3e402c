import Foundation
import Martlet
import MartletFiles

@testable import MartletData

/// Files that `Tests/Fixtures/make_volumes.py` wrote, and what they hold.
struct VolumeFixture: Decodable {
  /// Depth, height, width.
  var shape: [Int]
  var channels: Int
  var values: [Double]
  var affine: [Double]?

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/volumes")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  static let all: [String: VolumeFixture] = {
    let file = folder.appending(path: "expected.json")
    return (try? JSONDecoder().decode([String: VolumeFixture].self, from: Data(contentsOf: file))) ?? [:]
  }()
}

/// Folders of volumes and masks that go with the value that made them.
final class VolumeFolders {
  let folder: TemporaryFolder
  var images: URL { URL(filePath: folder.file("images")) }
  var masks: URL { URL(filePath: folder.file("masks")) }

  init() throws {
    folder = try TemporaryFolder()
    try Folder.create(folder.file("images"))
    try Folder.create(folder.file("masks"))
  }

  /// Writes a volume that counts upwards, and a mask.
  ///
  /// - Parameter labels: One a voxel.
  func add(
    _ name: String, _ size: VolumeSize, labels: [Float], maskName: String? = nil, channels: Int = 1,
    geometry: VolumeGeometry = .init(), maskGeometry: VolumeGeometry? = nil,
    maskSample: NIfTISample = .int16
  ) throws {
    let values = (0..<size.count * channels).map { Float($0) }
    try Volume(size: size, channels: channels, values: values, geometry: geometry).write(
      to: folder.file("images/\(name).nii.gz"))
    try Volume(size: size, values: labels, geometry: maskGeometry ?? geometry).write(
      to: folder.file("masks/\(maskName ?? name).nii.gz"), as: maskSample)
  }

  /// Adds a volume of two classes beside the background: class 1 in the first slice, one voxel of class 2 in the last.
  func addUsual(_ name: String, _ size: VolumeSize = VolumeSize(depth: 3, height: 4, width: 5)) throws {
    var labels = [Float](repeating: 0, count: size.count)
    for index in 0..<size.area { labels[index] = 1 }
    labels[size.count - 1] = 2
    try add(name, size, labels: labels)
  }

  func dataset(_ options: SegmentationOptions = SegmentationOptions()) throws -> VolumeDataset {
    try VolumeDataset(images: images, masks: masks, options: options)
  }
}
