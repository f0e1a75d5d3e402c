import Foundation
import Martlet
import Testing

@testable import MartletData

/// Every file that is not a good image is an error that names the file and says what is wrong.
@Suite struct CodecBadInputTests {
  private func expectError(
    _ path: String, contains text: String, location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: MartletError.self, sourceLocation: location) { try Image(contentsOf: path) }
    #expect(error?.operation == "image", sourceLocation: location)
    #expect(
      error?.message.hasPrefix("\(path): ") == true, "\(String(describing: error))", sourceLocation: location)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))", sourceLocation: location)
  }

  @Test func filesThatAreNoFiles() throws {
    let folder = try TemporaryFolder()
    expectError(folder.file("none.png"), contains: "No such file or directory")
    expectError(folder.path, contains: "it is a folder")
    expectError("/dev/null", contains: "not an ordinary file")
    let pipe = folder.file("pipe.png")
    #expect(mkfifo(pipe, 0o600) == 0)
    expectError(pipe, contains: "not an ordinary file")
  }

  @Test func filesThatAreNoImages() throws {
    let folder = try TemporaryFolder()
    expectError(try folder.file("empty.png", holding: []), contains: "is empty")
    expectError(
      try folder.file("notes.png", holding: Array("Plate 7, well B3\n".utf8)),
      contains: "is not a PNG, JPEG or TIFF file (it is text that begins \"Plate 7, well B3\"")
    expectError(
      try folder.file("gif.jpg", holding: [0, 1, 2, 250, 251]),
      contains: "begins with the bytes 00 01 02 FA FB")
  }

  @Test func theContentDecidesNotTheName() throws {
    let folder = try TemporaryFolder()
    let image = fixtureImage(channels: 3)
    let path = try folder.file("really-png.tif", holding: try image.encoded(as: .png))
    #expect(try Image(contentsOf: path) == image)
    #expect(try Image(contentsOf: URL(fileURLWithPath: path)) == image)
    #expect(throws: MartletError.self) {
      try Image(contentsOf: try #require(URL(string: "https://a.b/c.png")))
    }
  }

  @Test(arguments: [(100_000, 100_000), (1 << 20, 1 << 9), (0x7FFF_FFFF, 0x7FFF_FFFF)])
  func hugeClaimsAreRefusedBeforeAnythingIsAllocated(width: Int, height: Int) throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("huge.png", holding: pngClaiming(width: width, height: height))
    expectError(path, contains: "claims \(width)×\(height) pixels, more than the limit of 268435456")
    #expect(throws: MartletError.self) { try Image.info(contentsOf: path) }
  }

  @Test func aClaimThatTheFileIsTooShortForIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("wide.png", holding: pngClaiming(width: 10_000, height: 10_000))
    expectError(path, contains: "cannot hold 10000×10000 pixels")
  }

  @Test func limitsAreTheCallersToSet() throws {
    let bytes = try fixtureImage(channels: 3).encoded(as: .png)
    let limits = Image.Limits(maximumPixels: 90)
    let error = #expect(throws: MartletError.self) {
      try Image(decoding: bytes, name: "upload", limits: limits)
    }
    #expect(error?.description == "[image] upload: claims 13×7 pixels, more than the limit of 90")
    #expect(throws: Never.self) {
      try Image(decoding: bytes, name: "upload", limits: Image.Limits(maximumPixels: 91))
    }
    let folder = try TemporaryFolder()
    let path = try folder.file("a.png", holding: bytes)
    #expect(throws: MartletError.self) {
      try Image(contentsOf: path, limits: Image.Limits(maximumBytes: bytes.count - 1))
    }
  }

  @Test func hugeClaimsOfOtherFormatsAreRefused() throws {
    // The frame header of a JPEG: height and width stand 5 bytes into the segment.
    var jpeg = try smoothImage(width: 16, height: 16, channels: 3).encoded(as: .jpeg(quality: 90))
    let frame = try #require(jpeg.indices.first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0x00, 0xFF, 0x00])
    let error = #expect(throws: MartletError.self) { try Image(decoding: jpeg, name: "a.jpg") }
    #expect(error?.message.contains("claims 65280×65280 pixels") == true)

    // The width of a TIFF: tag 256, of 16 or 32 bits, little-endian.
    var tiff = try fixtureImage(channels: 1).encoded(as: .tiff(compressed: false))
    let tag = try #require(
      tiff.indices.dropLast(12).last { Array(tiff[$0..<$0 + 2]) == [0, 1] && tiff[$0 + 8] == 13 })
    tiff.replaceSubrange(tag..<tag + 12, with: [0, 1, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0x70])
    let second = #expect(throws: MartletError.self) { try Image(decoding: tiff, name: "a.tif") }
    #expect(second?.message.contains("claims 1879048192×7 pixels") == true, "\(String(describing: second))")
  }

  /// Refused before a row is allocated, of which there may be one of gigabytes in a file of a hundred bytes.
  @Test func compressionThatIsNotKnownIsRefused() throws {
    var tiff = try fixtureImage(channels: 1).encoded(as: .tiff(compressed: false))
    // Tag 259, of 16 bits.
    let tag = try #require(
      tiff.indices.dropLast(12).last { Array(tiff[$0..<$0 + 4]) == [3, 1, 3, 0] && tiff[$0 + 8] == 1 })
    tiff[tag + 9] = 9
    let folder = try TemporaryFolder()
    let path = try folder.file("a.tif", holding: tiff)
    expectError(path, contains: "is a TIFF with compression 2305, which libtiff cannot undo")
    let error = #expect(throws: MartletError.self) { try Image.regions(contentsOf: path) }
    #expect(error?.message.contains("compression 2305") == true, "\(String(describing: error))")
  }

  @Test func aPaletteIndexWithoutAColorIsDamage() throws {
    // Written as 4-bit greys, then declared a palette picture of 2 colours.
    let image = Image(width: 2, height: 2, channels: 1, samples: .uint8([0, 1, 5, 1]))
    let palette = (0..<6).map { Image.Color(red: $0, green: 0, blue: 0) }
    var bytes = try image.encoded(as: .indexedPNG(palette: palette))
    let chunk = try #require(bytes.indices.first { Array(bytes[$0...].prefix(4)) == Array("PLTE".utf8) })
    let short = pngChunk("PLTE", Array(bytes[chunk + 4..<chunk + 10]))
    bytes.replaceSubrange(chunk - 4..<chunk + 4 + 18 + 4, with: short)
    let error = #expect(throws: MartletError.self) { try Image(decoding: bytes, name: "a.png") }
    #expect(
      error?.message.contains("palette index 5 in a palette of 2 colours") == true,
      "\(String(describing: error))")
    #expect(try Image(decoding: bytes, name: "a.png", as: .indices) == image)
  }

  /// A PNG with a true header and almost no pixels.
  private func pngClaiming(width: Int, height: Int) -> [UInt8] {
    func bigEndian(_ value: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + pngChunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0])
      + pngChunk("IDAT", [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]) + pngChunk("IEND", [])
  }

  private func pngChunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    func bigEndian(_ value: UInt32) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    let body = Array(kind.utf8) + content
    var checksum: UInt32 = 0xFFFF_FFFF
    for byte in body {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
    }
    return bigEndian(UInt32(content.count)) + body + bigEndian(~checksum)
  }
}
