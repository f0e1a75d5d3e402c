import Foundation
import Martlet
import Testing

@testable import MartletData

struct COCOTests {
  /// A property, since it must stay until the test is over.
  private let folder: DatasetFolder

  init() throws {
    folder = try DatasetFolder()
    try folder.addImage("a.png", width: 6, height: 4)
    try folder.addImage("b.png", width: 6, height: 4)
  }

  private static let images =
    #"[{"id": 7, "file_name": "b.png", "width": 6, "height": 4}, {"id": 3, "file_name": "a.png", "width": 6, "height": 4}]"#
  private static let categories = #"[{"id": 9, "name": "cell"}, {"id": 2, "name": "yeast"}]"#

  private func file(
    _ annotations: [String], images: String = COCOTests.images, categories: String = COCOTests.categories
  ) throws -> URL {
    let list = annotations.joined(separator: ",")
    return try folder.write(
      "annotations.json", #"{"images": \#(images), "annotations": [\#(list)], "categories": \#(categories)}"#)
  }

  private func dataset(
    _ annotations: [String], images: String = COCOTests.images, categories: String = COCOTests.categories,
    options: SegmentationOptions = SegmentationOptions()
  ) throws -> SegmentationDataset {
    let file = try file(annotations, images: images, categories: categories)
    return try SegmentationDataset(images: folder.images, masks: file, options: options)
  }

  private func error(
    _ annotations: [String], images: String = COCOTests.images, categories: String = COCOTests.categories
  ) -> String {
    datasetErrorText { try dataset(annotations, images: images, categories: categories) }
  }

  /// A rectangle as a polygon.
  private func annotation(
    _ image: Int, _ category: Int, _ x: Int, _ y: Int, _ right: Int, _ bottom: Int, crowd: Int = 0
  ) -> String {
    #"{"id": 1, "image_id": \#(image), "category_id": \#(category), "iscrowd": \#(crowd), "segmentation": [[\#(x), \#(y), \#(right), \#(y), \#(right), \#(bottom), \#(x), \#(bottom)]]}"#
  }

  @Test func categoriesAreClassesInTheOrderOfTheirNumbers() throws {
    let dataset = try dataset([annotation(3, 9, 0, 0, 2, 1), annotation(7, 2, 4, 2, 9, 9)])
    #expect(dataset.classes.map(\.name) == ["background", "yeast", "cell"])
    #expect(dataset.samples.map(\.name) == ["a", "b"])
    #expect(try dataset.load(0).labels.values == [2, 2] + [UInt8](repeating: 0, count: 22))
    #expect(
      try dataset.load(1).labels.values
        == [UInt8](repeating: 0, count: 12) + [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1])
    #expect(dataset.classPixels == [42, 4, 2])
  }

  @Test func laterObjectsCoverEarlierOnesAndCrowdsNone() throws {
    let dataset = try dataset([
      annotation(3, 2, 0, 0, 3, 1), annotation(3, 9, 2, 0, 4, 1), annotation(3, 9, 3, 0, 6, 1, crowd: 1),
    ])
    #expect(Array(try dataset.load(0).labels.values[..<6]) == [1, 1, 2, 2, 255, 255])
    #expect(dataset.samples[0].ignoredPixels == 2)
  }

  @Test func runLengthsAreReadAsNumbersAndAsText() throws {
    // Two pixels down the second column, and the same as text: 4, 2, 18.
    let numbers =
      #"{"image_id": 3, "category_id": 2, "segmentation": {"size": [4, 6], "counts": [4, 2, 18]}}"#
    let text = #"{"image_id": 7, "category_id": 2, "segmentation": {"size": [4, 6], "counts": "42b0"}}"#
    let dataset = try dataset([numbers, text])
    let expected: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0] + Array(repeating: 0, count: 12)
    #expect(try dataset.load(0).labels.values == expected)
    #expect(try dataset.load(1).labels.values == expected)
  }

  @Test func aClassTableGivesTheOrder() throws {
    let options = SegmentationOptions(classes: ["ground", "cell", "yeast"].map { SegmentationClass($0) })
    let dataset = try dataset([annotation(3, 9, 0, 0, 1, 1)], options: options)
    #expect(try dataset.load(0).labels.values[0] == 1)
    let other = SegmentationOptions(classes: ["ground", "yeast"].map { SegmentationClass($0) })
    let text = datasetErrorText { try self.dataset([annotation(3, 9, 0, 0, 1, 1)], options: other) }
    #expect(text.contains("expected labels of the class table, got `cell` on 1 shape, first in a.png"))
    let wrong = SegmentationOptions(classes: ["cell", "yeast"].map { SegmentationClass($0) })
    #expect(
      datasetErrorText { try self.dataset([annotation(3, 9, 0, 0, 1, 1)], options: wrong) }
        .contains("expected the background as the first class, got `cell`"))
  }

  @Test func masksAreDrawnWhenTheyAreAskedFor() throws {
    let file = try file([annotation(3, 9, 0, 0, 2, 1)])
    let source = try DatasetFormat.auto.source(images: folder.images, masks: file, options: .init())
    #expect(source.format == .coco)
    let masks = try #require(source.masks as? ShapeMasks)
    #expect(masks.drawings.values.reduce(0) { $0 + $1.areas.count } == 1)
  }

  @Test func whatIsWrongIsNamed() throws {
    let good = annotation(3, 9, 0, 0, 2, 1)
    #expect(
      error([good, annotation(5, 9, 0, 0, 1, 1)]).contains("annotation 1: expected the id of an image, got 5")
    )
    #expect(error([good, annotation(3, 4, 0, 0, 1, 1)]).contains("expected the id of a category, got 4"))
    #expect(error([]).contains("expected annotations in its list, got none"))
    #expect(error([good], images: "[]").contains("expected images in its list, got none"))
    #expect(
      error(
        [good],
        images:
          #"[{"id": 3, "file_name": "a.png", "width": 6, "height": 4}, {"id": 4, "file_name": "no.png", "width": 1, "height": 1}, {"id": 5, "file_name": "../images/b.png", "width": 6, "height": 4}]"#
      ).contains("got nothing for 2 names: ../images/b.png, no.png"))
    #expect(
      error([good], images: #"[{"id": 3, "file_name": "a.png", "width": 60, "height": 4000000000}]"#)
        .contains("expected annotations for 6×4 as a.png, got 60×4000000000"))
    #expect(
      error([good, #"{"id": 5, "image_id": 3, "category_id": 9, "segmentation": [[1, 2, 3, 4, 5]]}"#])
        .contains("annotation 5: expected x and y in turn in a polygon, got 5 numbers"))
    #expect(
      error([
        good, #"{"id": 5, "image_id": 3, "category_id": 9, "segmentation": {"size": [4, 6], "counts": [3]}}"#,
      ])
      .contains("add up to 6×4 pixels, got 3"))
    #expect(
      error([
        good,
        #"{"id": 5, "image_id": 3, "category_id": 9, "segmentation": {"size": [4, 6], "counts": "!!"}}"#,
      ])
      .contains("in COCO's text"))
    #expect(
      error([
        good, #"{"id": 5, "image_id": 3, "category_id": 9, "segmentation": {"size": [4], "counts": [3]}}"#,
      ])
      .contains("expected height and width"))
    #expect(
      error([good, #"{"id": 5, "image_id": 3, "category_id": 9, "segmentation": [[0,0,1e30,0,1,1]]}"#])
        .contains("expected coordinates up to"))
    #expect(error([#"{"id": 5, "image_id": 3, "category_id": 9}"#]).contains("1 annotation without polygons"))
    #expect(
      error([good], categories: #"[{"id": 9, "name": "x"}, {"id": 8, "name": "x"}]"#).contains(
        "got some twice"))
  }

  @Test func valuesOfAnotherKindAreNamedByTheirPath() throws {
    #expect(
      error([#"{"image_id": "three", "category_id": 9}"#])
        .contains("annotations.json: annotations[0].image_id: expected a whole number"))
    #expect(
      error([#"{"image_id": 3}"#]).contains("annotations[0].category_id: expected a value, got none"))
    // A file that is a list, and a number that is not whole.
    let list = try folder.write("list.json", "[]")
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: list) }
        .contains("list.json: expected an object"))
    #expect(
      error([#"{"id": 1.5, "image_id": 3, "category_id": 9, "segmentation": []}"#])
        .contains("annotations[0].id: expected a whole number, got 1.5"))
    #expect(
      error(
        [#"{"image_id": 3, "category_id": 9, "segmentation": {"size": [4, 6], "counts": [4, 1.5, 18]}}"#]
      ).contains("counts[1]: expected a whole number, got 1.5"))
    let text = try folder.write("bad.json", "{\"images\": [")
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: text) }.contains("bad.json: "))
    let deep = try folder.write("deep.json", String(repeating: "[", count: 200_000))
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: deep) }.contains("deep.json: ")
    )
  }

  @Test func outlinesOfTwoPointsAreLeftOutAndNoted() throws {
    let line = #"{"id": 5, "image_id": 3, "category_id": 9, "segmentation": [[0, 0, 4, 4]]}"#
    let box = #"{"id": 6, "image_id": 3, "category_id": 9, "segmentation": []}"#
    let good = annotation(3, 9, 0, 0, 2, 1)
    #expect(try dataset([good, line, box]).classPixels[2] == 2)
    let report = try DatasetReport(images: folder.images, masks: file([good, line, box]))
    #expect(report.problems.isEmpty)
    #expect(report.notes.contains { $0.contains("annotation 5: left out, since fewer than 3 points") })
    #expect(report.notes.contains { $0.contains("1 annotation without polygons or run lengths, such as 6") })
  }

  @Test func largeFilesAreRead() throws {
    // 10 MB: an outline of many corners, over and over.
    let corners = (0..<400).map { index -> String in
      let angle = Double(index) / 400 * 2 * .pi
      return String(format: "%.6f,%.6f", 3 + 2 * cos(angle), 2 + 1.5 * sin(angle))
    }.joined(separator: ",")
    let one = #"{"id": 1, "image_id": 3, "category_id": 9, "segmentation": [[\#(corners)]]}"#
    let file = try file(Array(repeating: one, count: 1400))
    #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0 > 10_000_000)
    #expect(try SegmentationDataset(images: folder.images, masks: file).classPixels[2] > 6)
  }
}
