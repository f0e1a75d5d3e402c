import Foundation
import Martlet
import Testing

@testable import MartletData

struct DatasetMaskTests {
  /// A property, since it must stay until the test is over.
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  @Test func zeroAnd255AreTwoClasses() throws {
    try folder.addPair("a", [[0, 255, 255], [0, 0, 255]])
    try folder.addPair("b", [[0, 0, 0], [0, 0, 0]])
    let dataset = try folder.dataset()
    #expect(dataset.options.encoding == .extremes)
    #expect(dataset.classes.map(\.name) == ["background", "foreground"])
    #expect(try dataset.load(0).labels.values == [0, 1, 1, 0, 0, 1])
    #expect(dataset.samples.map(\.classPixels) == [[3, 3], [6, 0]])
    #expect(dataset.classPixels == [9, 3])
  }

  @Test func masksOfZeroAnd255StayStrict() throws {
    try folder.addPair("a", [[0, 255, 255]])
    let settled = try folder.dataset().options
    try folder.addPair("b", [[0, 7, 255]])
    #expect(
      folder.error(settled).contains("masks/b.png: expected nothing but 0 and 255, got 7 at (x 1, y 0)"))
    #expect(
      try folder.dataset(SegmentationOptions(encoding: .binary)).load(1).labels.values == [0, 0, 1])
  }

  @Test func theFileWithTheOddValueIsNamed() throws {
    for name in ["a", "b", "d"] { try folder.addPair(name, [[0, 255, 255]]) }
    try folder.addPair("c", [[0, 255, 7]])
    #expect(folder.error().contains("such as 7 in \(folder.masks.path)/c.png at (x 2, y 0)"))
  }

  @Test func sixteenBitMasksAreRead() throws {
    try folder.addImage("a.png", width: 2, height: 1)
    try Image(width: 2, height: 1, channels: 1, samples: .uint16([65535, 0]))
      .write(to: folder.masks.appendingPathComponent("a.png").path)
    #expect(try folder.dataset().load(0).labels.values == [1, 0])
  }

  @Test func smallValuesAreClassIndices() throws {
    try folder.addPair("a", [[0, 1, 1], [0, 0, 3]])
    let dataset = try folder.dataset()
    #expect(dataset.options.encoding == .indices)
    #expect(dataset.classes.map(\.name) == ["class 0", "class 1", "class 2", "class 3"])
    #expect(try dataset.load(0).labels.values == [0, 1, 1, 0, 0, 3])
    #expect(dataset.classPixels == [3, 2, 0, 1])
  }

  @Test func greyMasksSavedAsColourAreIndices() throws {
    try folder.addImage("a.png", width: 3, height: 1)
    try folder.addMask("a.png", colors: [[MaskColor(0, 0, 0), MaskColor(2, 2, 2), MaskColor(1, 1, 1)]])
    #expect(try folder.dataset().load(0).labels.values == [0, 2, 1])
  }

  @Test func theIgnoreIndexBecomesTheIgnoredLabel() throws {
    try folder.addPair("a", [[0, 1, 11], [2, 11, 0]])
    let dataset = try folder.dataset(SegmentationOptions(ignoreIndex: 11))
    #expect(dataset.classes.count == 3)
    #expect(try dataset.load(0).labels.values == [0, 1, 255, 2, 255, 0])
    #expect(dataset.samples[0].ignoredPixels == 2)
    #expect(dataset.classPixels == [2, 1, 1])
  }

  @Test func unclearValuesAskForAnOption() throws {
    try folder.addPair("a", [[0, 128, 255]])
    let error = folder.error()
    #expect(error.contains("3 values: 0, 128, 255, such as 128 in "))
    #expect(error.contains("masks/a.png at (x 1, y 0)"))
    for flag in ["indices` and `--classes", "binary`", "nonzero`"] {
      #expect(error.contains("`--mask-encoding \(flag)"), "\(error)")
    }
    #expect(error.contains("`--ignore-index 255`"))

    let binary = try folder.dataset(SegmentationOptions(encoding: .binary))
    #expect(try binary.load(0).labels.values == [0, 1, 1])
    let classes = (0..<129).map { SegmentationClass("c\($0)") }
    let indices = try folder.dataset(
      SegmentationOptions(encoding: .indices, classes: classes, ignoreIndex: 255))
    #expect(try indices.load(0).labels.values == [0, 128, 255])
  }

  @Test func oneIsForegroundInABinaryMaskOfZeroAndOne() throws {
    try folder.addPair("a", [[0, 1, 1]])
    #expect(try folder.dataset(SegmentationOptions(encoding: .binary)).load(0).labels.values == [0, 1, 1])
  }

  @Test func masksOfNothingAskForClasses() throws {
    try folder.addPair("a", [[0, 0, 0]])
    #expect(folder.error().contains("nothing but 0"))
    let dataset = try folder.dataset(
      SegmentationOptions(classes: [SegmentationClass("sky"), SegmentationClass("bird")]))
    #expect(dataset.classPixels == [3, 0])
  }

  @Test func aValueOutOfRangeIsNamedWithItsPlace() throws {
    try folder.addPair("good", [[0, 1, 2], [0, 1, 2]])
    try folder.addPair("bad", [[0, 1, 2], [0, 7, 5]])
    let error = folder.error(SegmentationOptions(classes: ["a", "b", "c"].map { SegmentationClass($0) }))
    #expect(error.contains("masks/bad.png: expected class indices below 3, got 7 at (x 1, y 1)"))
    #expect(error.contains("(2 such pixels, 2 values)"))
  }

  @Test func coloursAreLookedUpInTheTable() throws {
    let (road, sky, void) = (MaskColor(128, 64, 128), MaskColor(70, 130, 180), MaskColor(0, 0, 0))
    try folder.addImage("a.png", width: 4, height: 1)
    try folder.addMask("a.png", colors: [[sky, road, void, sky]])
    #expect(folder.error().contains("class table with colours"))
    #expect(folder.error().contains("(70, 130, 180)"))

    let classes = [SegmentationClass("road", color: road), SegmentationClass("sky", color: sky)]
    let unknown = folder.error(SegmentationOptions(classes: classes))
    #expect(unknown.contains("masks/a.png: expected colours of the class table, got (0, 0, 0) at (x 2, y 0)"))

    let dataset = try folder.dataset(SegmentationOptions(classes: classes, ignoreColor: void))
    #expect(dataset.options.encoding == .colors)
    #expect(try dataset.load(0).labels.values == [1, 0, 255, 1])
    #expect(dataset.samples[0].classPixels == [1, 2])
  }

  @Test func palettesAreIndicesUnlessTheClassTableHasTheirColours() throws {
    let palette = [
      Image.Color(red: 0, green: 0, blue: 0), Image.Color(red: 128, green: 0, blue: 0),
      Image.Color(red: 0, green: 128, blue: 0),
    ]
    try folder.addImage("a.png", width: 4, height: 1)
    try Image(width: 4, height: 1, channels: 1, samples: .uint8([0, 2, 1, 2]))
      .write(to: folder.masks.appendingPathComponent("a.png").path, as: .indexedPNG(palette: palette))
    #expect(try folder.dataset().load(0).labels.values == [0, 2, 1, 2])

    let classes = [
      SegmentationClass("green", color: MaskColor(0, 128, 0)),
      SegmentationClass("red", color: MaskColor(128, 0, 0)),
      SegmentationClass("black", color: MaskColor(0, 0, 0)),
    ]
    let dataset = try folder.dataset(SegmentationOptions(classes: classes))
    #expect(dataset.options.encoding == .colors)
    #expect(try dataset.load(0).labels.values == [2, 0, 1, 0])
    let indices = try folder.dataset(SegmentationOptions(encoding: .indices, classes: classes))
    #expect(try indices.load(0).labels.values == [0, 2, 1, 2])
  }

  @Test func settledOptionsReadTheValidationSetAlike() throws {
    let training = try DatasetFolder()
    try training.addPair("a", [[0, 1, 2]])
    let options = try training.dataset().options
    let validation = try DatasetFolder()
    try validation.addPair("b", [[0, 1, 1]])
    #expect(try validation.dataset(options).classes.count == 3)
    let decoded = try JSONDecoder().decode(SegmentationOptions.self, from: JSONEncoder().encode(options))
    #expect(decoded == options)
  }
}

struct DatasetClassTableTests {
  @Test func readsNamesWithAndWithoutColours() throws {
    #expect(
      try SegmentationClass.table("sky\n\n// a remark\nopen road\n") == [
        SegmentationClass("sky"), SegmentationClass("open road"),
      ])
    let expected = [
      SegmentationClass("Sky", color: MaskColor(128, 128, 128)),
      SegmentationClass("Road sign", color: MaskColor(192, 0, 255)),
    ]
    #expect(try SegmentationClass.table("name,r,g,b\nSky,128,128,128\nRoad sign,192,0,255") == expected)
    #expect(try SegmentationClass.table("128 128 128\tSky\r\n192 0 255\tRoad sign\r\n") == expected)
    #expect(try SegmentationClass.table("Sky #808080\nRoad sign #c000FF") == expected)
  }

  @Test(arguments: [
    ("road 300 1 2", "line 1"), ("a\na", "`a` twice"), ("a 1 2 3\nb 1 2 3", "(1, 2, 3) for `a` and `b`"),
    ("a 1 2 3\nb", "1 colours for 2 classes"), ("a #12345", "line 1"),
  ])
  func refusesWhatCannotBeMeant(_ text: String, _ message: String) {
    #expect(datasetErrorText { try SegmentationClass.table(text) }.contains(message))
  }

  @Test func optionsAreChecked() {
    let one = SegmentationOptions(classes: [SegmentationClass("a")])
    #expect(datasetErrorText { try one.check() }.contains("2 to 255 classes, got 1"))
    #expect(datasetErrorText { try SegmentationOptions(encoding: .colors).check() }.contains("class table"))
    #expect(datasetErrorText { try SegmentationOptions(channels: 2).check() }.contains("1 or 3"))
    #expect(datasetErrorText { try SegmentationOptions(ignoreIndex: -1).check() }.contains("got -1"))
  }
}
