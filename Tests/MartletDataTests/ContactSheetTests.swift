import Martlet
import Testing

@testable import MartletData

struct ContactSheetTests {
  private func cell(_ width: Int, _ height: Int, _ labels: [UInt8], _ caption: String = "")
    -> ContactSheet.Cell
  {
    ContactSheet.Cell(
      image: Image(
        width: width, height: height, channels: 1,
        samples: .uint8(Array(repeating: 100, count: width * height))),
      labels: LabelMap(width: width, height: height, values: labels), caption: caption)
  }

  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [Int] {
    Array(image.integers[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3])
  }

  @Test func cellsLieInAGridWithTheirMasksDrawn() throws {
    // 12×10 with a block of class 1 and a column that does not count.
    var labels = [UInt8](repeating: 0, count: 120)
    for y in 2..<9 { for x in 2..<9 { labels[12 * y + x] = 1 } }
    for y in 0..<10 { labels[12 * y + 11] = 255 }
    let sheet = ContactSheet(
      cells: Array(repeating: cell(12, 10, labels), count: 3), columns: 2, palette: ClassPalette(count: 2))
    let image = try sheet.drawn()
    #expect(image.width == 2 * 18 + 6 && image.height == 2 * (10 + 13 + 6) + 6 && image.channels == 3)
    for (x, y) in [(6, 6), (24, 6), (6, 35)] {
      #expect(pixel(image, x, y) == [100, 100, 100])
      // The border in the full colour, the inside tinted, and stripes over what does not count.
      let border = pixel(image, x + 2, y + 5)
      #expect(border[0] > 200 && border[2] < 20)
      let inside = pixel(image, x + 5, y + 5)
      #expect(inside[0] > 110 && inside[0] < 150 && inside[2] < 100)
      let stripes = (0..<10).map { pixel(image, x + 11, y + $0)[0] }
      #expect(Set(stripes) == [100, 193])
    }
    #expect(pixel(image, 30, 40) == [32, 32, 32])
  }

  @Test func captionsAreWrittenBelow() throws {
    let blank = [UInt8](repeating: 0, count: 400)
    func lit(_ caption: String) throws -> Int {
      let sheet = ContactSheet(
        cells: [cell(40, 10, blank, caption)], columns: 4, palette: ClassPalette(count: 2))
      let image = try sheet.drawn()
      #expect(image.width == 52)
      return (16..<image.height).reduce(0) { sum, y in
        sum + (0..<image.width).filter { pixel(image, $0, y) == [220, 220, 220] }.count
      }
    }
    #expect(try lit("") == 0)
    // An l has 10 dots, a hyphen 5.
    #expect(try lit("l-") == 15)
    // What the font does not have is a box of 20 dots; six characters fit.
    #expect(try lit("é") == 20)
    #expect(try lit("llllllllllll") == 4 * 10 + 2 * 4)
  }

  @Test func whatCannotBeDrawnIsRefused() {
    let one = cell(2, 1, [0, 0])
    func error(_ cells: [ContactSheet.Cell], _ columns: Int) -> String {
      datasetErrorText {
        try ContactSheet(cells: cells, columns: columns, palette: ClassPalette(count: 2)).drawn()
      }
    }
    #expect(error([], 1).contains("got none"))
    #expect(error([one], 0).contains("got 0"))
    #expect(
      error([ContactSheet.Cell(image: one.image, labels: cell(1, 1, [0]).labels, caption: "")], 1).contains(
        "2×1"))
  }
}
