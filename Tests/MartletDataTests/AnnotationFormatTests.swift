import Foundation
import Martlet
import Testing

@testable import MartletData

struct DSBTests {
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  private var root: URL { folder.url.appendingPathComponent("stage1") }

  private func error() -> String { datasetErrorText { try SegmentationDataset(images: root, masks: root) } }

  @Test func anObjectsMasksAreJoined() throws {
    try folder.writeImage("stage1/x10/images/x10.png", [[10, 20, 30]])
    try folder.writeImage("stage1/x10/masks/one.png", [[255, 0, 0]])
    try folder.writeImage("stage1/x10/masks/two.png", [[0, 0, 255]])
    try folder.writeImage("stage1/x9/images/x9.png", [[5, 6], [7, 8]])
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("x9/masks"), withIntermediateDirectories: true)
    #expect(DatasetFormat.detected(images: root, masks: root) == .dsb)
    let dataset = try SegmentationDataset(images: root, masks: root)
    #expect(dataset.samples.map(\.name) == ["x9", "x10"])
    #expect(dataset.samples.map(\.fileName) == ["x9/images/x9.png", "x10/images/x10.png"])
    #expect(try dataset.load(0).labels.values == [0, 0, 0, 0])
    #expect(try dataset.load(1).labels.values == [1, 0, 1])
    #expect(dataset.classes.map(\.name) == ["background", "foreground"])
  }

  /// A run or predictions that were written beside the samples.
  @Test func otherFoldersAreLeftOutAndNoted() throws {
    try folder.writeImage("stage1/a/images/a.png", [[1, 2]])
    try folder.writeImage("stage1/a/masks/1.png", [[255, 0]])
    try folder.write("stage1/run/config.yaml", "task: segmentation\n")
    try folder.writeImage("stage1/predictions/a.png", [[1, 0]])
    let dataset = try SegmentationDataset(images: root, masks: root)
    #expect(dataset.samples.map(\.name) == ["a"])
    #expect(dataset.notes.count == 2 && dataset.notes[1].contains("stage1/run: left out"), "\(dataset.notes)")
  }

  @Test func whatIsMissingIsNamed() throws {
    try folder.writeImage("stage1/a/images/a.png", [[1, 2]])
    try folder.writeImage("stage1/a/masks/1.png", [[255, 0], [0, 0]])
    try folder.writeImage("stage1/b/images/b.png", [[1, 2]])
    try folder.writeImage("stage1/c/images/c.png", [[1, 2]])
    try folder.writeImage("stage1/c/images/c2.png", [[1, 2]])
    let error = error()
    #expect(error.contains("a/masks/1.png: expected a mask of 2×1 as a.png, got 2×2"))
    #expect(error.contains("stage1/b: expected a folder of masks beside images, got none"))
    #expect(error.contains("c/images: expected one image, got 2"))
    try folder.writeImage("stage1/d/images/d.png", [[1, 2]])
    try folder.writeImage("stage1/d/masks/1.png", [[255, 0]])
    try FileManager.default.createSymbolicLink(
      atPath: root.appendingPathComponent("d/masks/2.png").path, withDestinationPath: "nowhere.png")
    #expect(self.error().contains("d/masks/2.png"), "\(self.error())")
    let empty = datasetErrorText {
      try SegmentationDataset(images: folder.images, masks: folder.images, format: .dsb)
    }
    #expect(empty.contains("expected folders with images and masks"))
  }
}

struct VOCTests {
  private let folder: DatasetFolder

  init() throws {
    folder = try DatasetFolder()
    let palette = [(0, 0, 0), (128, 0, 0), (0, 128, 0)].map {
      Image.Color(red: $0.0, green: $0.1, blue: $0.2)
    }
    for (name, values) in [("2007_1", [0, 1, 255]), ("2007_2", [2, 1, 0]), ("2007_3", [0, 0, 1])] {
      try folder.writeImage("VOC/JPEGImages/\(name).png", [[1, 2, 3]])
      let file = root.appendingPathComponent("SegmentationClass/\(name).png")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      let colors = palette + Array(repeating: Image.Color(red: 9, green: 9, blue: 9), count: 253)
      try Image(width: 3, height: 1, channels: 1, samples: .uint8(values.map { UInt8($0) }))
        .write(to: file.path, as: .indexedPNG(palette: colors))
    }
    // Most images have no mask.
    try folder.writeImage("VOC/JPEGImages/2007_9.png", [[1, 2, 3]])
  }

  private var root: URL { folder.url.appendingPathComponent("VOC") }

  @Test func aListNamesTheSamples() throws {
    let list = try folder.write("VOC/ImageSets/Segmentation/train.txt", "2007_2\n2007_1\r\n\n2007_2\n")
    let dataset = try SegmentationDataset(images: root, masks: list)
    // In an order of their own, whatever the list's.
    #expect(dataset.samples.map(\.name) == ["2007_1", "2007_2"])
    #expect(try dataset.load(0).labels.values == [0, 1, 255])
    #expect(dataset.classes.map(\.name) == ["class 0", "class 1", "class 2"])
    #expect(dataset.samples.map(\.ignoredPixels) == [1, 0])
    let byFolder = try SegmentationDataset(images: root.appendingPathComponent("JPEGImages"), masks: list)
    #expect(byFolder.samples.map(\.name) == ["2007_1", "2007_2"])
  }

  @Test func withoutAListAllMasksAreTaken() throws {
    #expect(try SegmentationDataset(images: root, masks: root).count == 3)
    let masks = root.appendingPathComponent("SegmentationClass")
    #expect(try SegmentationDataset(images: root, masks: masks).count == 3)
  }

  @Test func twentyOneClassesHaveTheChallengesNames() {
    var options = SegmentationOptions(classes: (0...20).map { SegmentationClass("class \($0)") })
    options.nameClassesOfVOC()
    #expect(options.classes?[15].name == "person" && options.classes?[20].name == "tvmonitor")
    options.classes = (0...20).map { SegmentationClass("c\($0)") }
    options.nameClassesOfVOC()
    #expect(options.classes?[15].name == "c15")
  }

  @Test func whatIsMissingIsNamed() throws {
    let list = try folder.write("VOC/list.txt", "2007_1\n2007_9\n2010_0\n")
    let error = datasetErrorText { try SegmentationDataset(images: root, masks: list) }
    #expect(error.contains("SegmentationClass: expected a mask 2007_9, got none"))
    #expect(error.contains("JPEGImages: expected an image 2010_0, got none"))
    try folder.writeImage("VOC/JPEGImages/2007_1.tif", [[1, 2, 3]])
    #expect(
      datasetErrorText { try SegmentationDataset(images: root, masks: list) }
        .contains("JPEGImages: expected one image 2007_1, got 2007_1.png, 2007_1.tif"))
    let empty = try folder.write("VOC/empty.txt", "\n \n")
    #expect(
      datasetErrorText { try SegmentationDataset(images: root, masks: empty) }
        .contains("empty.txt: expected names of images, got none"))
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: list, format: .voc) }
        .contains("expected a folder with JPEGImages"))
  }
}

struct LabelMeTests {
  private let folder: DatasetFolder

  init() throws {
    folder = try DatasetFolder()
    try folder.addImage("a.png", width: 6, height: 4)
  }

  private func write(_ shapes: [String], size: String = #""imageHeight": 4, "imageWidth": 6"#) throws {
    try folder.write(
      "images/a.json",
      #"{"version": "5.0.1", "flags": {}, "shapes": [\#(shapes.joined(separator: ","))], "imagePath": "a.png", "imageData": null, \#(size)}"#
    )
  }

  private func dataset() throws -> SegmentationDataset {
    try SegmentationDataset(images: folder.images, masks: folder.images)
  }

  @Test func shapesAreDrawnInTheirOrder() throws {
    try write([
      #"{"label": "wheel", "points": [[0, 0], [3, 0], [3, 2], [0, 2]], "shape_type": "polygon"}"#,
      #"{"label": "bolt", "points": [[1, 0], [2, 1]], "shape_type": "rectangle"}"#,
      #"{"label": "wheel", "points": [[4.5, 2.5], [4.5, 2.6]], "shape_type": "circle"}"#,
      #"{"label": "__ignore__", "points": [[0, 3], [6, 4]], "shape_type": "rectangle"}"#,
      #"{"label": "_background_", "points": [[0, 1], [1, 2]], "shape_type": "rectangle"}"#,
    ])
    #expect(DatasetFormat.detected(images: folder.images, masks: folder.images) == .labelme)
    let dataset = try dataset()
    #expect(dataset.classes.map(\.name) == ["background", "bolt", "wheel"])
    #expect(
      try dataset.load(0).labels.values == [
        2, 1, 2, 0, 0, 0,
        0, 2, 2, 0, 0, 0,
        0, 0, 0, 0, 2, 0,
        255, 255, 255, 255, 255, 255,
      ])
  }

  @Test func otherFilesBesideMasksAreNoAnnotations() throws {
    try folder.addMask("a.png", [[0, 255]])
    try folder.write("masks/a.json", "{}")
    #expect(DatasetFormat.detected(images: folder.images, masks: folder.masks) == .folders)
    try folder.write("images/notes.json", "{}")
    #expect(DatasetFormat.detected(images: folder.images, masks: folder.images) == .folders)
    try folder.write("outlines/a.json", "{}")
    let outlines = folder.url.appendingPathComponent("outlines")
    #expect(DatasetFormat.detected(images: folder.images, masks: outlines) == .labelme)
  }

  @Test func theSizeMayBeMissingAndMustBeTheImages() throws {
    let shape = #"{"label": "x", "points": [[0, 0], [3, 0], [3, 2]]}"#
    try write([shape], size: #""imageHeight": null"#)
    #expect(try dataset().classPixels[1] > 0)
    try write([shape], size: #""imageHeight": 5, "imageWidth": 6"#)
    #expect(datasetErrorText { try dataset() }.contains("expected annotations for 6×4 as a.png, got 6×5"))
  }

  @Test func whatIsWrongIsNamed() throws {
    try write([
      #"{"label": "x", "points": [[0, 0], [3, 0], [3, 2]]}"#,
      #"{"label": "p", "points": [[0, 0]], "shape_type": "point"}"#,
      #"{"label": "q", "points": [[0, 0, 7], [3, 0], [3, 2]]}"#,
      #"{"label": "r", "points": [[0, 0]], "shape_type": "circle"}"#,
    ])
    try folder.addImage("b.png")
    try folder.write("images/c.json", #"{"shapes": 3}"#)
    let error = datasetErrorText { try dataset() }
    #expect(
      error.contains("a.json: shape 2 (p): expected a polygon, a rectangle or circle of 2 points, got point"))
    #expect(error.contains("shape 3 (q): expected points of two numbers"))
    #expect(error.contains("shape 4 (r): expected") && error.contains("got circle of 1 point"))
    #expect(error.contains("b.png: expected b.json in"))
    #expect(error.contains("c.json: expected an image c, got none"))
    try folder.write("images/b.json", #"{"shapes": 3}"#)
    #expect(datasetErrorText { try dataset() }.contains("b.json: shapes: expected a list"))
  }
}

struct CVATTests {
  private let folder: DatasetFolder

  init() throws {
    folder = try DatasetFolder()
    try folder.writeImage("images/set/a.png", Array(repeating: [1, 2, 3, 4, 5, 6], count: 4))
  }

  private func file(
    _ shapes: String, image: String = #"name="set/a.png" width="6" height="4""#, labels: String? = nil
  ) throws -> URL {
    let list = labels ?? ["leaf", "root"].map { "<label><name>\($0)</name></label>" }.joined()
    return try folder.write(
      "annotations.xml",
      """
      <?xml version="1.0" encoding="utf-8"?>
      <annotations><version>1.1</version>
      <meta><task><name>job</name><labels>\(list)</labels></task></meta>
      <image id="0" \(image)>\(shapes)</image>
      </annotations>
      """)
  }

  private func values(_ shapes: String) throws -> [UInt8] {
    try SegmentationDataset(images: folder.images, masks: file(shapes)).load(0).labels.values
  }

  @Test func shapesAreDrawnByTheirOrder() throws {
    let shapes = """
      <box label="root" xtl="0" ytl="0" xbr="3" ybr="2" z_order="1"></box>
      <polygon label="leaf" points="0,0;6,0;6,1;0,1" z_order="0" occluded="0"/>
      <mask label="leaf" rle="1, 2, 1" left="3" top="3" width="4" height="1" z_order="2"/>
      <tag label="leaf"/>
      """
    let dataset = try SegmentationDataset(
      images: folder.images, masks: file(shapes.replacingOccurrences(of: "left=\"3\"", with: "left=\"2\"")))
    #expect(dataset.classes.map(\.name) == ["background", "leaf", "root"])
    #expect(dataset.samples.map(\.fileName) == ["set/a.png"])
    #expect(
      try dataset.load(0).labels.values == [
        2, 2, 2, 1, 1, 1,
        2, 2, 2, 0, 0, 0,
        0, 0, 0, 0, 0, 0,
        0, 0, 0, 1, 1, 0,
      ])
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: file(shapes)) }
        .contains("expected run lengths within the image, got 4×1 at 3, 3"))
  }

  @Test func boxesTurnAroundTheirMiddle() throws {
    let turned = try values(#"<box label="leaf" xtl="1" ytl="1" xbr="5" ybr="3" rotation="90"/>"#)
    #expect(
      turned == [
        0, 0, 1, 1, 0, 0,
        0, 0, 1, 1, 0, 0,
        0, 0, 1, 1, 0, 0,
        0, 0, 1, 1, 0, 0,
      ])
    #expect(try values(#"<ellipse label="root" cx="1.5" cy="1.5" rx="0.6" ry="0.6"/>"#)[7] == 2)
    let upright = try values(#"<ellipse label="root" cx="3" cy="2" rx="0.6" ry="1.9"/>"#)
    #expect(upright.contains(2))
    #expect(try values(#"<ellipse label="root" cx="3" cy="2" rx="1.9" ry="0.6" rotation="90"/>"#) == upright)
  }

  @Test func whatIsWrongIsNamed() throws {
    func error(_ shapes: String, image: String = #"name="set/a.png" width="6" height="4""#) -> String {
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: file(shapes, image: image)) }
    }
    let box = #"<box label="leaf" xtl="0" ytl="0" xbr="3" ybr="2"/>"#
    #expect(error(box + #"<polyline label="leaf" points="0,0;1,1"/>"#).contains("got polyline"))
    #expect(error(#"<polygon label="leaf" points="0,0;1,nan;3,3"/>"#).contains("line 4: expected a polygon"))
    #expect(error(#"<polygon points="0,0;1,1;3,3"/>"#).contains("with a label and numbers, got polygon"))
    #expect(
      error(#"<mask label="leaf" rle="1,x" left="0" top="0" width="1" height="1"/>"#).contains("got mask"))
    #expect(error(box, image: #"name="gone.png""#).contains("got nothing for 1 name: gone.png"))
    #expect(error(box, image: #"name="../images/set/a.png""#).contains("got nothing for 1 name"))
    #expect(error(box, image: #"name="set/a.png" width="7" height="4""#).contains("got 7×4"))
    #expect(error(box, image: #"width="7""#).contains("expected an image with a name"))
    #expect(error("").contains("expected polygons, boxes, ellipses or masks in it, got none"))
    #expect(error("<box").contains("expected XML, got something else in line 4"))
    let other = try folder.write("other.xml", "<html><body/></html>")
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: other) }
        .contains("other.xml: expected CVAT's annotations"))
    // A name that is no text.
    let damaged = folder.url.appendingPathComponent("damaged.xml")
    try Data(Array("<annotations><ve".utf8) + [0xE5] + Array("rsion>1.1</version></annotations>".utf8))
      .write(to: damaged)
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: damaged, format: .cvat) }
        .contains("expected text in UTF-8"))
    // Entities that would unfold to gigabytes.
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    var entities = "<!ENTITY a \"aaaaaaaaaa\">"
    for (inner, outer) in zip(names, names.dropFirst()) {
      entities += "<!ENTITY \(outer) \"" + String(repeating: "&\(inner);", count: 30) + "\">"
    }
    let bomb = try folder.write(
      "bomb.xml", "<!DOCTYPE annotations [\(entities)]><annotations><meta>&j;</meta></annotations>")
    #expect(
      datasetErrorText { try SegmentationDataset(images: folder.images, masks: bomb) }.contains("bomb.xml: "))
  }

  @Test func labelsThatTheFileDoesNotListComeLast() throws {
    let file = try file(
      #"<box label="stem" xtl="0" ytl="0" xbr="3" ybr="2"/><box label="root" xtl="0" ytl="0" xbr="1" ybr="1"/>"#,
      labels: "<label><name> root </name></label>")
    let dataset = try SegmentationDataset(images: folder.images, masks: file)
    #expect(dataset.classes.map(\.name) == ["background", "root", "stem"])
  }
}
