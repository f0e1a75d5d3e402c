import Foundation
import Testing

@testable import MartletData

/// Fax strips whose data end before the last row, which libtiff calls a success.
@Suite("TIFF strips that end early")
struct ShortStripTests {
  /// 8×8 pixels of one bit in two strips: the first ends after a white row, the second is black.
  private static let file: [UInt8] = {
    let end = "000000000001000000000001"
    let strips = ["1" + end, "001" + "00110101" + "000101" + "111111" + end].map(bytes)
    let fields: [(tag: UInt16, type: UInt16, values: [UInt32])] = [
      (256, 3, [8]), (257, 3, [8]), (258, 3, [1]), (259, 3, [4]), (262, 3, [1]),
      (273, 4, [200, 220]), (277, 3, [1]), (278, 3, [4]), (279, 4, strips.map { UInt32($0.count) }),
    ]
    var file: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0] + little(UInt16(fields.count))
    for field in fields {
      file += little(field.tag) + little(field.type) + little(UInt32(field.values.count))
      // Two numbers do not fit into the field; they are at 160 and 180.
      file += little(field.values.count == 1 ? field.values[0] : field.tag == 273 ? 160 : 180)
    }
    for (place, content) in [
      (160, [200, 220].flatMap { little(UInt32($0)) }), (180, fields[8].values.flatMap(little)),
      (200, strips[0]), (220, strips[1]),
    ] {
      file += [UInt8](repeating: 0, count: place - file.count) + content
    }
    return file
  }()

  private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func bytes(_ bits: String) -> [UInt8] {
    let padded = Array(bits + String(repeating: "0", count: (8 - bits.count % 8) % 8))
    return stride(from: 0, to: padded.count, by: 8).map { UInt8(String(padded[$0..<$0 + 8]), radix: 2) ?? 0 }
  }

  @Test("rows that are not there are the same whatever was read before")
  func missingRows() throws {
    let whole = try Image(decoding: Self.file, name: "short.tif")
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).tif")
    defer { try? FileManager.default.removeItem(at: url) }
    try Data(Self.file).write(to: url)
    let regions = try Image.regions(contentsOf: url.path)
    let black = try regions.image(in: PixelWindow(x: 0, y: 4, width: 8, height: 4))
    #expect(black.samples == .uint8([UInt8](repeating: 255, count: 32)))
    #expect(try regions.image(in: PixelWindow(x: 0, y: 0, width: 8, height: 8)) == whole)
  }
}
