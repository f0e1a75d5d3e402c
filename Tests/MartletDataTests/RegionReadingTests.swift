import Martlet
import MartletKernels
import Testing

@testable import MartletData

/// Parts of a file are parts of its image.
@Suite struct RegionReadingTests {
  private static let image = smoothImage(width: 83, height: 61, channels: 3)
  private static let grey = fixtureImage(channels: 1, sixteenBits: true)

  /// Windows at every edge, across blocks, of one pixel and of all.
  private static func windows(_ image: Image) -> [PixelWindow] {
    let (width, height) = (image.width, image.height)
    return [
      PixelWindow(x: 0, y: 0, width: width, height: height), PixelWindow(x: 0, y: 0, width: 1, height: 1),
      PixelWindow(x: width - 1, y: height - 1, width: 1, height: 1),
      PixelWindow(x: width / 3, y: height / 2, width: width / 2, height: height / 3 + 1),
      PixelWindow(x: 0, y: height / 4, width: width, height: height / 2),
      PixelWindow(x: width / 2, y: 0, width: 3, height: height),
    ]
  }

  private func check(_ reader: any RegionReader, _ image: Image) throws {
    #expect(reader.info.width == image.width && reader.info.height == image.height)
    // Forwards and backwards: a strip may have to be begun again.
    for window in Self.windows(image) + Self.windows(image).reversed() {
      #expect(try reader.image(in: window) == image.cropped(to: window), "\(window)")
    }
  }

  @Test(arguments: [
    TIFFWriter(name: "x"), TIFFWriter(name: "x", isCompressed: false),
    TIFFWriter(name: "x", tile: (16, 32)), TIFFWriter(name: "x", isCompressed: false, tile: (32, 16)),
    TIFFWriter(name: "x", isInPlanes: true), TIFFWriter(name: "x", isCompressed: false, isInPlanes: true),
    TIFFWriter(name: "x", tile: (48, 16), isInPlanes: true),
  ])
  func blocks(writer: TIFFWriter) throws {
    let folder = try TemporaryFolder()
    for image in [Self.image, Self.grey] {
      let path = try folder.file("a.tif", holding: writer.encode(image))
      try check(TIFFRegions(path, limits: .standard), image)
      // As strips are read that are too long to be decoded whole.
      let reader = try TIFFReader(partsOf: path, limits: .standard)
      reader.largestWholeStrip = 0
      for window in Self.windows(image) + Self.windows(image).reversed() {
        #expect(try reader.stored(window, as: .picture) == image.cropped(to: window), "\(window)")
      }
    }
  }

  @Test(arguments: [
    "grey1.tif", "grey8.tif", "grey16.tif", "rgb8.tif", "rgba8.tif", "indexed.tif", "jpeg.tif",
    "jpeg.tables.tif", "jpeg.tiles.tif", "orientation1.tif", "orientation6.tif", "grey8.png", "indexed.png",
    "color.jpg", "orientation5.jpg",
  ])
  func fixtures(name: String) throws {
    let path = imageFixture(name)
    let image = try Image(contentsOf: path)
    try check(try Image.regions(contentsOf: path), image)
  }

  @Test(arguments: ["grey1.tif", "grey16.tif", "rgba8.tif", "indexed.tif", "jpeg.tif", "jpeg.tables.tif"])
  func fixturesByRows(name: String) throws {
    let image = try Image(contentsOf: imageFixture(name))
    let reader = try TIFFReader(partsOf: imageFixture(name), limits: .standard)
    reader.largestWholeStrip = 0
    for window in Self.windows(image) + Self.windows(image).reversed() {
      #expect(try reader.stored(window, as: .picture) == image.cropped(to: window), "\(window)")
    }
  }

  /// What a file takes that is read whole is known before it is read.
  @Test func wholeFilesAreReadWhenTheyAreAskedFor() throws {
    let folder = try TemporaryFolder()
    let bytes = try Self.image.encoded(as: .png)
    let path = try folder.file("a.png", holding: Array(bytes.dropLast(200)))
    let reader = try Image.regions(contentsOf: path)
    #expect(reader.info.width == 83 && reader.info.height == 61 && reader.heldByteCount == 83 * 61 * 3)
    #expect(throws: MartletError.self) { try reader.image(in: PixelWindow(x: 0, y: 0, width: 1, height: 1)) }
    let small = Image.Limits(maximumPixels: 83)
    #expect(throws: MartletError.self) { try Image.regions(contentsOf: path, limits: small) }
    let large = try Image.regions(contentsOf: path, limits: small, wholeLimits: .init(maximumPixels: .max))
    #expect(large.heldByteCount == 83 * 61 * 3)
  }

  @Test func refusesWindowsOutside() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("a.tif", holding: TIFFWriter(name: "x").encode(Self.image))
    for reader in [try Image.regions(contentsOf: path), ImageRegions(Self.image, name: path)] {
      for window in [
        PixelWindow(x: -1, y: 0, width: 4, height: 4), PixelWindow(x: 0, y: -1, width: 4, height: 4),
        PixelWindow(x: 80, y: 0, width: 4, height: 4), PixelWindow(x: 0, y: 58, width: 4, height: 4),
        PixelWindow(x: 0, y: 0, width: 0, height: 4), PixelWindow(x: 0, y: 0, width: 4, height: -4),
        PixelWindow(x: 1, y: 1, width: .max, height: .max),
        PixelWindow(x: .max, y: .max, width: 1, height: 1),
      ] {
        let error = #expect(throws: MartletError.self) { try reader.image(in: window) }
        #expect(error?.message.hasPrefix("\(path): expected a window in 83×61 pixels") ?? false)
      }
    }
  }

  /// A strip that ends too early is found where it is read, and not before.
  @Test(arguments: [true, false])
  func truncated(isCompressed: Bool) throws {
    let folder = try TemporaryFolder()
    let image = smoothImage(width: 400, height: 600, channels: 3)
    let bytes = try TIFFWriter(name: "x", isCompressed: isCompressed).encode(image)
    // The fields stand at the end, so the middle is cut out of a strip instead.
    var damaged = bytes
    damaged.removeSubrange(bytes.count / 2..<bytes.count / 2 + 5000)
    for (name, content) in [("short.tif", Array(bytes[..<(bytes.count / 2)])), ("damaged.tif", damaged)] {
      let path = try folder.file(name, holding: content)
      let error = #expect(throws: MartletError.self) {
        let reader = try Image.regions(contentsOf: path)
        for y in 0..<600 { _ = try reader.image(in: PixelWindow(x: 0, y: y, width: 400, height: 1)) }
      }
      #expect(error?.message.hasPrefix("\(path): ") ?? false, "\(String(describing: error))")
    }
  }

  /// A few bytes that claim any number of pixels are refused before any are allocated.
  @Test(arguments: [(65_535, 65_535), (1 << 31, 2), (2_000_000_000, 2_000_000_000)])
  func largeClaims(width: Int, height: Int) throws {
    let folder = try TemporaryFolder()
    for writer in [
      TIFFWriter(name: "x"), TIFFWriter(name: "x", isCompressed: false),
      TIFFWriter(name: "x", tile: (16, 16)),
    ] {
      var bytes = try writer.encode(Self.image)
      // Width and height are the first fields, each of 12 bytes after the count of fields, values at the end of each.
      let fields = bytes[4..<8].enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
      for (index, size) in [width, height].enumerated() {
        let field = fields + 2 + 12 * index
        #expect(
          bytes[field] == 0 && bytes[field + 1] == 1 || bytes[field] == UInt8(index) && bytes[field + 1] == 1)
        bytes[field + 2] = 4
        for byte in 0..<4 { bytes[field + 8 + byte] = UInt8(truncatingIfNeeded: size >> (8 * byte)) }
      }
      let path = try folder.file("claim.tif", holding: bytes)
      let error = #expect(throws: MartletError.self) {
        let reader = try Image.regions(contentsOf: path)
        _ = try reader.image(in: PixelWindow(x: 0, y: 0, width: reader.info.width, height: 1))
      }
      #expect(error?.message.hasPrefix("\(path): ") ?? false, "\(String(describing: error))")
    }
  }

  /// A strip that is too long to be decoded whole is decoded row by row.
  @Test func rowsBeyondTheLimitAreRefused() throws {
    let folder = try TemporaryFolder()
    let wide = smoothImage(width: 1000, height: 2, channels: 3)
    let path = try folder.file("a.tif", holding: TIFFWriter(name: "x").encode(wide))
    let pixel = PixelWindow(x: 500, y: 1, width: 1, height: 1)
    func read(limit: Int) throws -> Image {
      let reader = try TIFFReader(partsOf: path, limits: .init(maximumPixels: limit))
      reader.largestWholeStrip = 0
      return try reader.stored(pixel, as: .picture)
    }
    let error = #expect(throws: MartletError.self) { try read(limit: 999) }
    #expect(error?.message == "\(path): claims rows of 1000 pixels, more than the limit of 999")
    #expect(try read(limit: 1000) == wide.cropped(to: pixel))
  }

  /// Damaged files throw or decode, whatever part is asked for.
  @Test func changedBytes() throws {
    let folder = try TemporaryFolder()
    let limits = Image.Limits(maximumPixels: 1 << 16)
    for (number, file) in CodecFuzzTests.files.filter({ $0.name.hasSuffix("tif") }).enumerated() {
      var random = PhiloxGenerator(seed: 21, stream: UInt64(number))
      for variant in 0..<150 {
        var bytes = file.bytes
        let reach = variant % 2 == 0 ? bytes.count : min(bytes.count, 200)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          bytes[Int.random(in: 0..<reach, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let path = try folder.file("a.tif", holding: bytes)
        do {
          let reader = try TIFFReader(partsOf: path, limits: limits)
          reader.largestWholeStrip = variant % 3 == 0 ? 0 : 4 << 20
          let height = min(reader.height, 40)
          guard reader.width <= 1 << 10 else { continue }
          let window = PixelWindow(x: reader.width / 2, y: reader.height - height, width: 1, height: height)
          #expect(try reader.stored(window, as: .picture).height == height)
        } catch let error as MartletError {
          #expect(error.message.hasPrefix("\(path): "))
        }
      }
    }
  }
}
