import Martlet
import Testing

@testable import MartletData

/// What Martlet writes it reads back, in every form that it can write.
@Suite struct CodecRoundTripTests {
  @Test(arguments: 1...4, [false, true])
  func lossless(channels: Int, sixteenBits: Bool) throws {
    let image = fixtureImage(channels: channels, sixteenBits: sixteenBits)
    for encoding in [.png, .tiff(compressed: true), .tiff(compressed: false)] as [Image.Encoding] {
      let bytes = try image.encoded(as: encoding)
      #expect(try Image(decoding: bytes, name: "x") == image, "\(encoding)")
      #expect(try image.encoded(as: encoding) == bytes, "the same image must give the same bytes")
    }
    let interlaced = try PNGWriter(name: "x", isInterlaced: true).encode(image)
    #expect(try Image(decoding: interlaced, name: "x") == image)
    let planes = try TIFFWriter(name: "x", isInPlanes: true).encode(image)
    #expect(try Image(decoding: planes, name: "x") == image)
    let tiles = try TIFFWriter(name: "x", tile: (16, 16)).encode(image)
    #expect(try Image(decoding: tiles, name: "x") == image)
  }

  @Test(arguments: [false, true], [false, true])
  func manyStripsAndTiles(isTiled: Bool, isInPlanes: Bool) throws {
    let image = smoothImage(width: 333, height: 250, channels: 3)
    let writer = TIFFWriter(name: "x", tile: isTiled ? (64, 48) : nil, isInPlanes: isInPlanes)
    #expect(try Image(decoding: writer.encode(image), name: "x") == image)
  }

  @Test(arguments: [1, 2, 4])
  func fewBits(bits: Int) throws {
    let values = fixtureValues(channels: 1, modulo: 1 << bits)
    let image = Image(width: 13, height: 7, channels: 1, samples: .uint8(values.map { UInt8($0) }))
    let bytes = try PNGWriter(name: "x", bits: bits).encode(image)
    #expect(try Image(decoding: bytes, name: "x", as: .indices) == image)
    #expect(try Image(decoding: bytes, name: "x").integers == values.map { $0 * 255 / ((1 << bits) - 1) })
  }

  @Test func palettes() throws {
    let palette = (0..<200).map { Image.Color(red: UInt8($0), green: 255 - UInt8($0), blue: UInt8($0 / 2)) }
    let indices = fixtureValues(channels: 1, modulo: 200).map { UInt8($0) }
    let image = Image(width: 13, height: 7, channels: 1, samples: .uint8(indices))
    let files = [
      try image.encoded(as: .indexedPNG(palette: palette)),
      try TIFFWriter(name: "x", palette: palette).encode(image),
    ]
    for bytes in files {
      #expect(try Image(decoding: bytes, name: "x", as: .indices) == image)
      let picture = try Image(decoding: bytes, name: "x")
      #expect(picture.integers == indices.flatMap { [Int($0), 255 - Int($0), Int($0) / 2] })
      let read = try #require(try Image.info(decoding: bytes, name: "x").palette)
      #expect(Array(read.prefix(200)) == palette)
    }
  }

  @Test(arguments: [1, 2], [false, true])
  func whiteIsZero(channels: Int, sixteenBits: Bool) throws {
    let image = fixtureImage(channels: channels, sixteenBits: sixteenBits)
    let bytes = try TIFFWriter(name: "x", isWhiteZero: true).encode(image)
    let top = sixteenBits ? 65535 : 255
    let expected = image.integers.enumerated().map { $0 % channels == 0 ? top - $1 : $1 }
    #expect(try Image(decoding: bytes, name: "x").integers == expected)
    #expect(try Image(decoding: bytes, name: "x", as: .indices) == image)
  }

  @Test(arguments: [1, 3])
  func jpegStaysClose(channels: Int) throws {
    let image = smoothImage(width: 75, height: 50, channels: channels)
    let bytes = try image.encoded(as: .jpeg(quality: 95))
    let read = try Image(decoding: bytes, name: "x")
    #expect(read.width == 75 && read.height == 50 && read.channels == channels)
    #expect(zip(read.integers, image.integers).map { abs($0 - $1) }.max()! <= 8)
  }

  @Test func theNameDecidesTheFormat() throws {
    let folder = try TemporaryFolder()
    let image = smoothImage(width: 20, height: 10, channels: 3)
    for (name, format) in [
      ("a.png", .png), ("b.JPG", .jpeg), ("c.jpeg", .jpeg), ("d.tif", .tiff), ("e.TIFF", .tiff),
    ] as [(String, ImageFormat)] {
      try image.write(to: folder.file(name))
      #expect(try Image.info(contentsOf: folder.file(name)).format == format)
    }
    #expect(throws: MartletError.self) { try image.write(to: folder.file("f.bmp")) }
    #expect(throws: MartletError.self) { try image.write(to: folder.file("png")) }
    #expect(folder.names == ["a.png", "b.JPG", "c.jpeg", "d.tif", "e.TIFF"])
  }

  @Test func whatAFormatCannotHoldIsRefused() throws {
    let grey = fixtureImage(channels: 1)
    let palette = [Image.Color(red: 0, green: 0, blue: 0)]
    #expect(throws: MartletError.self) { try grey.encoded(as: .indexedPNG(palette: palette)) }
    #expect(throws: MartletError.self) { try grey.encoded(as: .indexedPNG(palette: [])) }
    #expect(throws: MartletError.self) { try grey.encoded(as: .jpeg(quality: 0)) }
    #expect(throws: MartletError.self) { try fixtureImage(channels: 4).encoded(as: .jpeg(quality: 90)) }
    let deep = fixtureImage(channels: 1, sixteenBits: true)
    #expect(throws: MartletError.self) { try deep.encoded(as: .jpeg(quality: 90)) }
    let empty = Image(width: 0, height: 0, channels: 1, samples: .uint8([]))
    for encoding in [.png, .jpeg(quality: 90), .tiff(compressed: true)] as [Image.Encoding] {
      #expect(throws: MartletError.self) { try empty.encoded(as: encoding) }
    }
  }

  @Test func depthAndChannelsConvert() throws {
    let image = fixtureImage(channels: 2)
    guard case .uint8(let values) = image.samples else { throw MartletError("test", "expected 8 bits") }
    let deep = Image(width: 13, height: 7, channels: 2, samples: .uint16(values.map { UInt16($0) * 257 }))
    #expect(deep.convertedTo8Bits() == image)
    let colors = deep.convertedToRGB()
    #expect(colors.channels == 3)
    #expect(
      colors.integers
        == stride(from: 0, to: values.count, by: 2).flatMap { i in [i, i, i].map { Int(values[$0]) } })
    let opaque = fixtureImage(channels: 4).convertedToRGB().integers
    let expected = fixtureImage(channels: 4).integers.enumerated().filter { $0.offset % 4 != 3 }.map(
      \.element)
    #expect(opaque == expected)
  }
}
