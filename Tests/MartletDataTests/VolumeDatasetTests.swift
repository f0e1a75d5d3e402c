import Foundation
import Martlet
import Testing

@testable import MartletData

@Suite struct VolumeDatasetTests {
  private let size = VolumeSize(depth: 3, height: 4, width: 5)

  @Test func countsAndLoads() throws {
    let folders = try VolumeFolders()
    for name in ["b10", "b9", "a"] { try folders.addUsual(name) }
    let data = try folders.dataset()
    #expect(data.samples.map(\.name) == ["a", "b9", "b10"])
    #expect(data.classes.map(\.name) == ["class 0", "class 1", "class 2"])
    #expect(data.samples[0].classVoxels == [39, 20, 1] && data.channels == 1)
    let sample = try data.load(1)
    #expect(sample.volume.values == (0..<60).map { Float($0) })
    #expect(sample.labels == [UInt8](repeating: 1, count: 20) + [UInt8](repeating: 0, count: 39) + [2])
    let (training, validation) = try data.split(validationFraction: 0.3, seed: 1)
    #expect(training.count == 2 && validation.count == 1)
  }

  @Test(
    "names of other datasets are paired",
    arguments: [("case_0000", "case"), ("a", "a_seg"), ("x_img", "x_label")])
  func pairing(_ image: String, _ mask: String) throws {
    let folders = try VolumeFolders()
    let labels = [Float](repeating: 0, count: 59) + [1]
    try folders.add(image, size, labels: labels, maskName: mask)
    #expect(try folders.dataset().samples.map(\.name) == [image])
  }

  @Test("masks of 0 and 255, and ignored voxels")
  func encodings() throws {
    let folders = try VolumeFolders()
    try folders.add("a", size, labels: [Float](repeating: 0, count: 58) + [255, 255])
    #expect(try folders.dataset().samples[0].classVoxels == [58, 2])
    let indices = SegmentationOptions(encoding: .indices, ignoreIndex: 255)
    let ignoring = try? VolumeDataset(images: folders.images, masks: folders.masks, options: indices)
    #expect(ignoring == nil, "nothing but background is left")
    try folders.add("b", size, labels: [Float](repeating: 1, count: 58) + [255, 0])
    let data = try folders.dataset(indices)
    #expect(data.samples[1].classVoxels == [1, 58] && data.samples[1].ignoredVoxels == 1)
    #expect(try data.load(1).labels[58] == LabelMap.ignored)
  }

  @Test("everything that is wrong is listed, with places")
  func problems() throws {
    let folders = try VolumeFolders()
    try folders.addUsual("good")
    let zeros = [Float](repeating: 0, count: 60)
    try folders.add("many", size, labels: [Float](repeating: 1, count: 60), channels: 2)
    try folders.add("half", size, labels: zeros.dropLast(1) + [1.5], maskSample: .float32)
    try folders.add("lonely", size, labels: zeros, maskName: "other")
    try folders.add("size", size, labels: zeros)
    try Volume(size: VolumeSize(depth: 2, height: 4, width: 5), values: [Float](repeating: 0, count: 40))
      .write(to: folders.folder.file("masks/size.nii.gz"), as: .uint8)
    // A number that is none can be stored as a number only.
    try folders.add("nan", size, labels: zeros)
    let writer = try NIfTIWriter(
      folders.folder.file("images/nan.nii.gz"), NIfTIHeader(size: size, sample: .float32, geometry: .init()))
    try ([1, .nan] + [Float](repeating: 0, count: 58)).withUnsafeBufferPointer { try writer.append($0) }
    try writer.commit()
    let text = datasetErrorText { try folders.dataset() }
    for expected in [
      "many.nii.gz: expected 1 channel as other volumes have, got 2",
      "expected class indices, whole numbers from 0 to 65535, got 1.5 at (x 4, y 3, z 2)", "lonely.nii.gz",
      "other.nii.gz", "expected a mask of 3×4×5 as size.nii.gz, got 2×4×5", "got nan at (x 1, y 0, z 0)",
    ] {
      #expect(text.contains(expected), "\(expected) in \(text)")
    }
    #expect(text.contains("6 problems"), "\(text)")
  }

  @Test("a mask that lies elsewhere in space than its volume is refused")
  func elsewhere() throws {
    let usual = VolumeGeometry(spacing: [2, 0.5, 0.5])
    var moved = usual
    moved.sform[3] = 10
    var turned = usual
    turned.sform[0] = -0.5
    for (geometry, words) in [
      (VolumeGeometry(), "voxels of 1×1×1 and not 2×0.5×0.5"), (turned, "axes along LAS and not RAS"),
      (moved, "its first voxel at 10, 0, 0 and not 0, 0, 0"),
    ] {
      let folders = try VolumeFolders()
      let labels = [Float](repeating: 0, count: 59) + [1]
      try folders.add("a", size, labels: labels, geometry: usual, maskGeometry: geometry)
      let text = datasetErrorText { try folders.dataset() }
      #expect(text.contains("a.nii.gz: expected a mask that lies in space where a.nii.gz does"), "\(text)")
      #expect(text.contains(words), "\(text)")
    }
    // Rounding is no other place.
    let folders = try VolumeFolders()
    var near = usual
    near.sform[0] += 1e-5
    try folders.add(
      "a", size, labels: [Float](repeating: 0, count: 59) + [1], geometry: usual, maskGeometry: near)
    #expect(try folders.dataset().count == 1)
  }

  @Test("the report counts, and notes what differs")
  func report() throws {
    let folders = try VolumeFolders()
    try folders.addUsual("a")
    let other = VolumeGeometry(spacing: [2, 0.5, 0.5])
    var labels = [Float](repeating: 0, count: 60)
    labels[7] = 2
    try folders.add("b", size, labels: labels, geometry: other)
    let report = try DatasetReport(images: URL(filePath: folders.folder.path), masks: nil)
    #expect(report.axes == 3 && report.images == 2 && report.problems.isEmpty)
    let figures = try #require(report.volumes)
    #expect(figures[1].spacing == [2, 0.5, 0.5] && figures[1].orientation == "RAS")
    #expect(report.classes.map(\.pixels) == [98, 20, 2] && report.classes.map(\.images) == [2, 1, 2])
    #expect(report.sizes == [.init(width: 5, height: 4, depth: 3, images: 2)])
    #expect(report.depths == [.init(channels: 1, bits: 32, images: 2)])
    #expect(report.table.contains("sizes     3×4×5 (2)") && report.table.contains("voxels"))
    #expect(report.notes.contains { $0.contains("spacing along depth is from 1 to 2") })
    #expect(report.table.contains("b: 3×4×5 voxels of 2×0.5×0.5, RAS, float32"))
    #expect(try DatasetReport(images: folders.images, masks: folders.masks) == report)
    #expect(try folders.dataset().notes == report.notes)
  }
}
