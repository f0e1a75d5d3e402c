import Foundation
import Martlet
import Testing

@testable import MartletData

struct DatasetReportTests {
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  @Test func countsSizesDepthsAndClasses() throws {
    try folder.addPair("a", [[0, 0, 255], [255, 0, 0]])
    try folder.addPair("b", [[0, 0, 0], [0, 0, 0]])
    try folder.addPair("c", [[255, 0]])
    try Image(width: 2, height: 1, channels: 1, samples: .uint16([7, 8]))
      .write(to: folder.images.appendingPathComponent("c.png").path)
    let report = try DatasetReport(images: folder.images, masks: folder.masks)
    #expect(report.format == .folders && report.encoding == .extremes && report.axes == 2)
    #expect(report.images == 3 && report.usableImages == 3)
    #expect(
      report.sizes == [.init(width: 3, height: 2, images: 2), .init(width: 2, height: 1, images: 1)])
    #expect(
      report.depths == [.init(channels: 3, bits: 8, images: 2), .init(channels: 1, bits: 16, images: 1)])
    let classes: [DatasetReport.ClassBalance] = [
      .init(name: "background", pixels: 11, share: 11.0 / 14, images: 3),
      .init(name: "foreground", pixels: 3, share: 3.0 / 14, images: 2),
    ]
    #expect(report.classes == classes)
    #expect(report.emptyMasks == ["b"] && report.problems.isEmpty)
    // One place that holds both.
    #expect(try DatasetReport(images: folder.url, masks: nil) == report)
  }

  @Test func problemsAreListedAndNotThrown() throws {
    try folder.addPair("a", [[0, 0, 255], [255, 0, 0]])
    try folder.addImage("lonely.png")
    try folder.addImage("bad.png", width: 9)
    try folder.addMask("bad.png", [[0, 255]])
    try folder.addImage("torn.png", width: 3, height: 2)
    try folder.addMask("torn.png", [[0, 255, 0], [0, 0, 0]])
    try Data("x".utf8).write(to: folder.images.appendingPathComponent("torn.png"))
    let report = try DatasetReport(images: folder.images, masks: folder.masks)
    #expect(report.images == 3 && report.usableImages == 1)
    #expect(report.problems.count == 3)
    let table = report.table
    #expect(table.contains("3, of which 1 can be used") && table.contains("problems: 3"))
    #expect(table.contains("lonely.png") && table.contains("torn.png") && table.contains("bad.png"))
  }

  @Test func valuesWithoutAClassAreProblems() throws {
    try folder.addPair("a", [[0, 1, 2]])
    try folder.addPair("b", [[0, 1, 5]])
    let options = SegmentationOptions(classes: ["a", "b", "c"].map { SegmentationClass($0) })
    let report = try DatasetReport(images: folder.images, masks: folder.masks, options: options)
    #expect(report.problems.contains { $0.contains("b.png: expected class indices below 3, got 5") })
    #expect(report.classes.map(\.pixels) == [1, 1, 1])
    try folder.addMask("b.png", [[0, 1, 128]])
    let unclear = try DatasetReport(images: folder.images, masks: folder.masks)
    #expect(unclear.classes.isEmpty && unclear.encoding == .automatic)
    #expect(unclear.table.contains("masks     unclear") && unclear.problems.count == 1)
  }

  @Test func theJSONHasEverything() throws {
    try folder.addPair("a", [[0, 0, 255]])
    let report = try DatasetReport(images: folder.images, masks: folder.masks)
    let text = try report.json()
    #expect(text.contains("\"usable_images\" : 1") && text.contains("\"empty_masks\""))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    #expect(try decoder.decode(DatasetReport.self, from: Data(text.utf8)) == report)
  }

  @Test(.enabled(if: NucleiData.isPresent, "needs ../shared/data/nuclei"))
  func nucleiAreWhole() throws {
    let report = try DatasetReport(images: NucleiData.folder.appendingPathComponent("validation"), masks: nil)
    #expect(report.images == 50 && report.problems.isEmpty)
    #expect(report.sizes == [.init(width: 256, height: 256, images: 50)])
    #expect(report.classes.map(\.pixels).reduce(0, +) == 50 * 65536)
  }
}
