import Foundation
import Martlet
import Testing

@testable import MartletData

/// TIFF files of more than one page, of which the first is read.
struct MultiPageTests {
  /// A file whose list of pages names its one page again and again.
  private func stack(_ pages: Int, _ image: Image) throws -> [UInt8] {
    var bytes = try TIFFWriter(name: "x").encode(image)
    func number(at offset: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    var fields = number(at: 4, 4)
    for _ in 1..<pages {
      let count = 2 + 12 * number(at: fields, 2)
      let page = Array(bytes[fields..<fields + count]) + [0, 0, 0, 0]
      if !bytes.count.isMultiple(of: 2) { bytes.append(0) }
      for byte in 0..<4 {
        bytes[fields + count + byte] = UInt8(truncatingIfNeeded: bytes.count >> (8 * byte))
      }
      fields = bytes.count
      bytes += page
    }
    return bytes
  }

  @Test func pagesAreCounted() throws {
    let folder = try TemporaryFolder()
    let image = fixtureImage(channels: 1)
    let path = try folder.file("a.tif", holding: stack(3, image))
    #expect(try Image.info(contentsOf: path).pages == 3)
    #expect(try Image.regions(contentsOf: path).info.pages == 3)
    #expect(try Image(contentsOf: path) == image)
    #expect(try Image.info(contentsOf: imageFixture("grey8.tif")).pages == 1)
    #expect(try Image.info(contentsOf: imageFixture("grey8.png")).pages == 1)
    // A list that leads nowhere is no fault of the first page.
    var broken = try stack(2, image)
    broken.removeLast(20)
    let damaged = try folder.file("b.tif", holding: broken)
    #expect(try Image(contentsOf: damaged) == image)
  }

  @Test func datasetsSayThatTheFirstPageIsRead() throws {
    let folder = try DatasetFolder()
    let image = fixtureImage(channels: 1)
    for name in ["a", "b"] {
      try Data(stack(name == "a" ? 4 : 1, image)).write(
        to: folder.images.appendingPathComponent("\(name).tif"))
      let labels = (0..<image.width * image.height).map { UInt8($0 % 2 * 255) }
      try Image(width: image.width, height: image.height, channels: 1, samples: .uint8(labels))
        .write(to: folder.masks.appendingPathComponent("\(name).png").path)
    }
    let note = "1 TIFF file has more than one page, such as \(folder.images.path)/a.tif with 4"
    #expect(try folder.dataset().notes.contains { $0.contains(note) })
    let report = try DatasetReport(images: folder.images, masks: folder.masks)
    #expect(report.notes.contains { $0.contains(note) } && report.problems.isEmpty)
  }
}
