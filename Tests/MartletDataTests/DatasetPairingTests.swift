import Foundation
import Testing

@testable import MartletData

struct DatasetPairingTests {
  /// A property, since it must stay until the test is over.
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  @Test func pairsByNameInNaturalOrderWhateverTheExtension() throws {
    for stem in ["cell10", "cell2", "cell1"] { try folder.addMask("\(stem).png", DatasetFolder.halves) }
    try folder.addImage("cell10.JPG")
    try folder.addImage("cell2.tif")
    try folder.addImage("cell1.png")
    try Data("notes".utf8).write(to: folder.images.appendingPathComponent("readme.txt"))
    try Data("hidden".utf8).write(to: folder.images.appendingPathComponent(".cell3.png"))
    let dataset = try folder.dataset()
    #expect(dataset.samples.map(\.name) == ["cell1", "cell2", "cell10"])
    #expect(dataset.samples.map { $0.image.lastPathComponent } == ["cell1.png", "cell2.tif", "cell10.JPG"])
  }

  @Test(arguments: ["a_mask", "a-mask", "a_GT", "a_label", "a.seg", "a_L"])
  func pairsMasksWithASuffix(_ maskStem: String) throws {
    try folder.addImage("a.png")
    try folder.addMask("\(maskStem).png", DatasetFolder.halves)
    #expect(try folder.dataset().samples.map { $0.mask.lastPathComponent } == ["\(maskStem).png"])
  }

  @Test func anEqualNameGoesBeforeASuffix() throws {
    try folder.addPair("a")
    try folder.addPair("a_mask")
    let dataset = try folder.dataset()
    #expect(
      dataset.samples.map { [$0.image.lastPathComponent, $0.mask.lastPathComponent] }
        == [["a.png", "a.png"], ["a_mask.png", "a_mask.png"]])
  }

  @Test func imagesAndMasksMayLieInOneFolder() throws {
    try folder.addImage("1_sat.png")
    try folder.addMask("1_mask.png", DatasetFolder.halves)
    try FileManager.default.moveItem(
      at: folder.masks.appendingPathComponent("1_mask.png"),
      to: folder.images.appendingPathComponent("1_mask.png"))
    let dataset = try SegmentationDataset(images: folder.images, masks: folder.images)
    #expect(dataset.samples.map { $0.mask.lastPathComponent } == ["1_mask.png"])
  }

  @Test func onePlaceMayHoldImagesAndMasks() throws {
    // Folders in it are taken where there is no word of another place, nor of another format.
    let parts = DatasetPlaces(images: folder.url, masks: nil)
    #expect(parts.images.path == folder.images.path && parts.masks.path == folder.masks.path)
    let given = DatasetPlaces(images: folder.url, masks: folder.masks)
    #expect(given.images == folder.url && given.masks == folder.masks)
    for places in [
      DatasetPlaces(images: folder.url, masks: nil, format: .dsb),
      DatasetPlaces(images: folder.images, masks: nil),
    ] {
      #expect(places.images == places.masks)
    }
  }

  @Test func imagesWithoutMasksSayWhereMasksCanBe() throws {
    try folder.addImage("a.png")
    let places = DatasetPlaces(images: folder.images, masks: nil)
    let error = datasetErrorText { try SegmentationDataset(images: places.images, masks: places.masks) }
    #expect(
      error.contains("got 1 image and 0 masks; where masks have a folder of their own, give it too"),
      "\(error)")
    for format in [DatasetFormat.coco, .cvat] {
      let annotated = datasetErrorText {
        try SegmentationDataset(images: places.images, masks: places.masks, format: format)
      }
      #expect(
        annotated.contains("expected the file of \(format.rawValue)'s annotations as masks"), "\(annotated)")
    }
  }

  @Test func namesTheFilesWithoutAPartner() throws {
    try folder.addPair("paired")
    for index in 0..<12 { try folder.addImage("lonely\(index).png") }
    try folder.addMask("orphan.png", DatasetFolder.halves)
    let error = folder.error()
    #expect(error.contains("12 images without a mask"))
    #expect(error.contains("lonely0.png, lonely1.png") && error.contains("lonely9.png and 2 more"))
    #expect(!error.contains("lonely10.png"))
    #expect(error.contains("1 mask without an image") && error.contains("orphan.png"))
  }

  @Test func refusesTwoFilesOfOneName() throws {
    try folder.addPair("a")
    try folder.addImage("a.jpg")
    let error = folder.error()
    #expect(error.contains("images of the same name: a.jpg, a.png"))
  }

  @Test func refusesTwoMasksForOneImage() throws {
    try folder.addImage("a.png")
    try folder.addMask("a_mask.png", DatasetFolder.halves)
    try folder.addMask("a_gt.png", DatasetFolder.halves)
    #expect(folder.error().contains("more than one way to pair a.png"))
  }

  @Test func namesAMissingOrEmptyFolder() throws {
    #expect(folder.error().contains("got an empty folder"))
    try Data("x".utf8).write(to: folder.images.appendingPathComponent("picture.bmp"))
    #expect(folder.error().contains("1 other entry such as picture.bmp"))
    let missing = folder.url.appendingPathComponent("nowhere")
    #expect(
      datasetErrorText { try SegmentationDataset(images: missing, masks: folder.masks) }
        .contains("nowhere, got nothing there"))
    let file = folder.images.appendingPathComponent("picture.bmp")
    #expect(
      datasetErrorText { try SegmentationDataset(images: file, masks: folder.masks) }.contains("got a file"))
  }

  @Test func sortsNamesAsPeopleDo() {
    let sorted = ["b", "a10", "a2", "a02", "a", "A", "a2b", "10", "9"].sorted(by: NaturalOrder.precedes)
    #expect(sorted == ["9", "10", "A", "a", "a02", "a2", "a2b", "a10", "b"])
  }
}
