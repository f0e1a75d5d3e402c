import Foundation
import Martlet
import Testing

@testable import MartletData

/// Masks that are something else than they are taken for.
struct MaskMeaningTests {
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  private func addMask16(_ name: String, _ values: [UInt16]) throws {
    try folder.addImage(name, width: values.count, height: 1)
    try Image(width: values.count, height: 1, channels: 1, samples: .uint16(values))
      .write(to: folder.masks.appendingPathComponent(name).path)
  }

  @Test func smallValuesAreNoForegroundOfBinaryMasks() throws {
    try addMask16("a.png", [0, 255, 255])
    let binary = folder.error(SegmentationOptions(encoding: .binary))
    #expect(
      binary.contains("a.png: expected foreground from 32768 on, got values up to 255 alone"), "\(binary)")
    #expect(binary.contains("--mask-encoding nonzero"))
    try FileManager.default.removeItem(at: folder.masks.appendingPathComponent("a.png"))
    // Objects' numbers.
    try folder.addMask("a.png", [[0, 7, 40]])
    #expect(
      folder.error(SegmentationOptions(encoding: .binary)).contains("from 128 on, got values up to 40 alone"))
    // What JPEG leaves of a mask has both ends.
    try folder.addMask("a.png", [[3, 90, 250]])
    #expect(try folder.dataset(SegmentationOptions(encoding: .binary)).load(0).labels.values == [0, 0, 1])
  }

  @Test func everythingAboveZeroCanBeForeground() throws {
    try addMask16("a.png", [0, 255, 1])
    try folder.addPair("b", [[0, 7, 40]])
    let dataset = try folder.dataset(SegmentationOptions(encoding: .nonzero))
    #expect(try dataset.load(0).labels.values == [0, 1, 1])
    #expect(try dataset.load(1).labels.values == [0, 1, 1])
    #expect(dataset.classes.map(\.name) == ["background", "foreground"])
    let three = SegmentationOptions(
      encoding: .nonzero, classes: ["a", "b", "c"].map { SegmentationClass($0) })
    #expect(folder.error(three).contains("expected 2 classes"))
  }

  @Test func anIgnoredForegroundIsNotTakenForBackground() throws {
    try folder.addPair("a", [[0, 255, 255]])
    let classes = ["ground", "cell"].map { SegmentationClass($0) }
    let error = folder.error(SegmentationOptions(encoding: .indices, classes: classes, ignoreIndex: 255))
    #expect(error.contains("nothing but 0 and the ignored 255, first in "), "\(error)")
    #expect(error.contains("masks/a.png at (x 1, y 0)"))
    try folder.addPair("b", [[0, 1, 255]])
    let dataset = try folder.dataset(SegmentationOptions(classes: classes, ignoreIndex: 255))
    #expect(dataset.classPixels == [2, 1])
  }

  @Test func masksWithoutForegroundLeaveNothingToLearn() throws {
    try folder.addPair("a", [[0, 0, 0]])
    let classes = ["sky", "bird"].map { SegmentationClass($0) }
    let dataset = try folder.dataset(SegmentationOptions(classes: classes))
    let error = datasetErrorText { try dataset.checkForeground() }
    #expect(error.contains("expected a foreground in some mask, got nothing but `sky` in 1 mask"), "\(error)")
    let report = try DatasetReport(
      images: folder.images, masks: folder.masks, options: SegmentationOptions(classes: classes))
    #expect(report.problems.count == 1 && report.problems[0].contains("nothing but `sky`"))
    try folder.addPair("b", [[0, 1, 0]])
    try folder.dataset(SegmentationOptions(classes: classes)).checkForeground()
  }

  /// A picture with more colours than classes can have is no mask, and its colours are not all kept.
  @Test func picturesInPlaceOfMasksAreTold() throws {
    let colors = (0..<40).map { y in (0..<50).map { x in MaskColor(UInt8(x), UInt8(y), UInt8(x ^ y)) } }
    try folder.addImage("a.png", width: 50, height: 40)
    try folder.addMask("a.png", colors: colors)
    let error = folder.error()
    #expect(
      error.contains("masks/a.png: expected a mask, got a picture of more than 256 colours"), "\(error)")
    #expect(error.contains("the wrong way round?"))
    let table = [
      SegmentationClass("black", color: MaskColor(0, 0, 0)),
      SegmentationClass("red", color: MaskColor(255, 0, 0)),
    ]
    let unknown = folder.error(SegmentationOptions(classes: table))
    #expect(unknown.contains("got (1, 0, 1) at (x 1, y 0) and more than 256 colours in all"), "\(unknown)")
    let raster = try MaskRaster(contentsOf: folder.masks.appendingPathComponent("a.png"), asColors: false)
    #expect(MaskContent(raster).entries.count == 257 && MaskContent(raster).hasMoreColors)
  }

  /// What 255 classes and one colour to ignore can hold is a mask still.
  @Test func asManyColoursAsClassesCanHaveAreAMask() throws {
    let colors = [(0..<256).map { MaskColor(UInt8($0), 1, 2) }]
    try folder.addImage("a.png", width: 256, height: 1)
    try folder.addMask("a.png", colors: colors)
    let table = (0..<255).map { SegmentationClass("c\($0)", color: MaskColor(UInt8($0), 1, 2)) }
    let dataset = try folder.dataset(SegmentationOptions(classes: table, ignoreColor: MaskColor(255, 1, 2)))
    #expect(try dataset.load(0).labels.values == Array(0...255))
  }

  /// A model that was trained on annotations reads files of masks as these say themselves.
  @Test func drawnMasksLeaveTheEncodingOpen() throws {
    try folder.addImage("a.png", width: 3, height: 1)
    let file = try folder.write(
      "a.json",
      #"{"images": [{"id": 1, "file_name": "a.png", "width": 3, "height": 1}], "annotations": [{"image_id": 1, "category_id": 1, "segmentation": {"size": [1, 3], "counts": [1, 2]}}, {"image_id": 1, "category_id": 1, "iscrowd": 1, "segmentation": {"size": [1, 3], "counts": [2, 1]}}], "categories": [{"id": 1, "name": "cell"}]}"#
    )
    let drawn = try SegmentationDataset(images: folder.images, masks: file)
    #expect(try drawn.load(0).labels.values == [0, 1, 1])
    #expect(drawn.options.encoding == .automatic && drawn.options.ignoreIndex == nil)
    #expect(drawn.options.classes?.map(\.name) == ["background", "cell"])
    let stored = try JSONDecoder().decode(
      SegmentationOptions.self, from: JSONEncoder().encode(drawn.options))
    try folder.addMask("a.png", [[0, 0, 255]])
    let files = try folder.dataset(stored)
    #expect(files.options.encoding == .extremes)
    #expect(try files.load(0).labels.values == [0, 0, 1])
    // And the other way round: what files were is no matter to what is drawn.
    let again = try SegmentationDataset(
      images: folder.images, masks: file,
      options: SegmentationOptions(
        encoding: .extremes, classes: ["background", "cell"].map { SegmentationClass($0) }))
    #expect(try again.load(0).labels.values == [0, 1, 1])
    let report = try DatasetReport(images: folder.images, masks: file)
    #expect(report.table.contains("masks     drawn"), "\(report.table)")
  }
}
