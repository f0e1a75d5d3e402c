import Martlet
import Testing

@testable import MartletData

/// Files written by another encoder, with values that are known.
@Suite struct CodecFixtureTests {
  @Test(arguments: ["grey8", "rgb8", "rgba8", "grey16"], ["png", "tif"])
  func samplesAreReadAsStored(name: String, suffix: String) throws {
    let path = imageFixture("\(name).\(suffix)")
    let channels = ["grey8": 1, "rgb8": 3, "rgba8": 4, "grey16": 1][name]!
    let expected = fixtureImage(channels: channels, sixteenBits: name == "grey16")
    #expect(try Image(contentsOf: path) == expected)
    #expect(try Image(contentsOf: path, as: .indices) == expected)

    let info = try Image.info(contentsOf: path)
    #expect(info.width == 13 && info.height == 7 && info.channels == channels)
    #expect(info.bitsPerSample == expected.bitsPerSample && info.palette == nil)
    #expect(info.format == (suffix == "png" ? .png : .tiff))
  }

  @Test(arguments: ["grey1.png", "grey1.tif"])
  func oneBitGreysAreScaledForPicturesOnly(name: String) throws {
    let bits = fixtureValues(channels: 1, modulo: 2)
    #expect(try Image(contentsOf: imageFixture(name)).integers == bits.map { $0 * 255 })
    #expect(try Image(contentsOf: imageFixture(name), as: .indices).integers == bits)
    #expect(try Image.info(contentsOf: imageFixture(name)).bitsPerSample == 1)
  }

  static let colors: [[UInt8]] = [
    [10, 20, 30], [40, 50, 60], [70, 80, 90], [100, 110, 120], [255, 0, 128],
  ]

  @Test(arguments: ["indexed.png", "indexed.tif", "translucent.png"])
  func palettesGiveColorsOrIndices(name: String) throws {
    let indices = fixtureValues(channels: 1, modulo: 5)
    #expect(try Image(contentsOf: imageFixture(name), as: .indices).integers == indices)
    let picture = try Image(contentsOf: imageFixture(name))
    let info = try Image.info(contentsOf: imageFixture(name))
    let alphas: [UInt8]? = name == "translucent.png" ? [255, 0, 128, 255, 255] : nil
    #expect(picture.channels == (alphas == nil ? 3 : 4))
    let expected = indices.flatMap { index in
      let alpha = alphas.map { [$0[index]] } ?? []
      return (Self.colors[index] + alpha).map { Int($0) }
    }
    #expect(picture.integers == expected)
    #expect(info.channels == picture.channels)
    #expect(info.channels(as: .indices) == 1)
    let color = Image.Color(red: 40, green: 50, blue: 60, alpha: alphas?[1] ?? 255)
    #expect(info.palette?[1] == color)
  }

  @Test(arguments: ["grey", "color", "progressive"])
  func jpegsDecodeAsOtherReadersDoIt(name: String) throws {
    let image = try Image(contentsOf: imageFixture("\(name).jpg"))
    let expected = try Image(contentsOf: imageFixture("\(name).decoded.png"))
    #expect(image.width == expected.width && image.channels == expected.channels)
    // Pillow brings its own build of libjpeg-turbo, whose rounding may differ by one.
    let differences = zip(image.integers, expected.integers).map { abs($0 - $1) }
    #expect(differences.max()! <= 1)
    let info = try Image.info(contentsOf: imageFixture("\(name).jpg"))
    #expect(info.width == 37 && info.height == 21 && info.channels == (name == "grey" ? 1 : 3))
    #expect(info.format == .jpeg && info.bitsPerSample == 8)
  }

  /// Each strip or tile by the file's tables and its own, whatever the strip before it brought.
  @Test(arguments: ["jpeg", "jpeg.tables", "jpeg.tiles"])
  func stripsThatAreJPEGs(name: String) throws {
    let image = try Image(contentsOf: imageFixture("\(name).tif"))
    let expected = try Image(contentsOf: imageFixture("\(name).decoded.png"))
    #expect(image.width == expected.width && image.height == expected.height)
    #expect(image.channels == expected.channels && image.integers.count == expected.integers.count)
    #expect(zip(image.integers, expected.integers).map { abs($0 - $1) }.max()! <= 1)
  }

  @Test(arguments: 1...8)
  func orientationIsApplied(number: Int) throws {
    let turned = try Image(contentsOf: imageFixture("orientation\(number).jpg"))
    let expected = try Image(contentsOf: imageFixture("orientation\(number).decoded.png"))
    #expect(turned.width == expected.width && turned.height == expected.height)
    #expect(zip(turned.integers, expected.integers).map { abs($0 - $1) }.max()! <= 1)
    let info = try Image.info(contentsOf: imageFixture("orientation\(number).jpg"))
    #expect(info.width == expected.width && info.height == expected.height)

    let orientation = try #require(Orientation(rawValue: number))
    let tiff = try Image(contentsOf: imageFixture("orientation\(number).tif"))
    #expect(tiff == fixtureImage(channels: 1).upright(from: orientation))
  }

  @Test(arguments: [
    ("float32.tif", "floating-point samples of 32 bits"), ("int32.tif", "signed samples of 32 bits"),
    ("cmyk.tif", "CMYK"), ("cmyk.jpg", "a CMYK JPEG"),
  ])
  func unsupportedKindsAreRefusedByName(name: String, kind: String) throws {
    for attempt in [{ _ = try Image(contentsOf: $0) }, { _ = try Image.info(contentsOf: $0) }]
      as [(String) throws -> Void]
    {
      let error = #expect(throws: MartletError.self) { try attempt(imageFixture(name)) }
      #expect(error?.message.contains(kind) == true, "\(String(describing: error))")
      #expect(error?.message.contains(imageFixture(name)) == true)
    }
  }
}
