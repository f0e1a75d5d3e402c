import Foundation
import Martlet
import MartletFiles
import Testing

@testable import MartletData

/// Files that are written rows at a time hold the same as files written at once.
@Suite struct RegionWritingTests {
  /// Writes an image some rows at a time.
  private func write(_ image: Image, to writer: any RegionWriter, step: Int) throws {
    func write<Sample>(_ samples: [Sample]) throws {
      let length = image.width * image.channels
      for y in stride(from: 0, to: image.height, by: step) {
        try samples.withUnsafeBufferPointer {
          try writer.append(
            UnsafeBufferPointer(rebasing: $0[y * length..<min(y + step, image.height) * length]))
        }
      }
    }
    switch image.samples {
    case .uint8(let samples): try write(samples)
    case .uint16(let samples): try write(samples)
    }
  }

  private func format(_ image: Image) -> RowFormat {
    RowFormat(
      width: image.width, height: image.height, channels: image.channels,
      sample: image.bitsPerSample == 16 ? .uint16 : .uint8)
  }

  @Test(arguments: [1, 2, 3, 4], [false, true])
  func png(channels: Int, sixteenBits: Bool) throws {
    let folder = try TemporaryFolder()
    let image = fixtureImage(channels: channels, sixteenBits: sixteenBits)
    for step in [1, 3, 100] {
      let writer = try PNGRegionWriter(folder.file("a.png"), format(image))
      try write(image, to: writer, step: step)
      #expect(folder.names.allSatisfy { $0.hasPrefix(".") })
      try writer.commit()
      let bytes = try ReadableFile.read(folder.file("a.png"), operation: "test").bytes
      #expect(bytes == (try image.encoded(as: .png)))
      try FileManager.default.removeItem(atPath: folder.file("a.png"))
    }
  }

  @Test func indexedPNG() throws {
    let folder = try TemporaryFolder()
    let colors = (0..<256).map { Image.Color(red: UInt8($0), green: 0, blue: 9) }
    let image = smoothImage(width: 300, height: 200, channels: 1)
    var format = format(image)
    format.palette = colors
    let writer = try PNGRegionWriter(folder.file("a.png"), format)
    try write(image, to: writer, step: 7)
    try writer.commit()
    let bytes = try ReadableFile.read(folder.file("a.png"), operation: "test").bytes
    #expect(bytes == (try image.encoded(as: .indexedPNG(palette: colors))))
    format.palette = Array(colors[..<100])
    let short = try PNGRegionWriter(folder.file("b.png"), format)
    #expect(throws: MartletError.self) { try write(image, to: short, step: 7) }
  }

  @Test(arguments: [TIFFRegionWriter.Compression.none, .deflate, .lzw])
  func tiff(compression: TIFFRegionWriter.Compression) throws {
    let folder = try TemporaryFolder()
    for image in [
      fixtureImage(channels: 1), fixtureImage(channels: 3, sixteenBits: true),
      smoothImage(width: 700, height: 500, channels: 3),
    ] {
      let writer = try TIFFRegionWriter(folder.file("a.tif"), format(image), compression: compression)
      try write(image, to: writer, step: 13)
      try writer.commit()
      #expect(try Image(contentsOf: folder.file("a.tif")) == image)
    }
  }

  /// Numbers of 32 bits, whole and floating, lie in the file as they are.
  @Test(arguments: [RowFormat.Sample.uint32, .float32])
  func wideSamples(sample: RowFormat.Sample) throws {
    let folder = try TemporaryFolder()
    let numbers = (0..<30).map { UInt32($0) &* 2_654_435_761 }
    let writer = try TIFFRegionWriter(
      folder.file("a.tif"), RowFormat(width: 3, height: 5, channels: 2, sample: sample), compression: .none)
    try numbers.withUnsafeBufferPointer { try writer.append($0) }
    try writer.commit()
    let bytes = try ReadableFile.read(folder.file("a.tif"), operation: "test").bytes
    let expected = numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    #expect(Array(bytes[8..<8 + expected.count]) == expected)
  }

  @Test func bigTIFFWhereOffsetsAreTooShort() throws {
    let folder = try TemporaryFolder()
    for (side, magic) in [(20_000, UInt8(42)), (70_000, 43)] {
      let writer = try TIFFRegionWriter(
        folder.file("a.tif"), RowFormat(width: side, height: side), compression: .none)
      let row = [UInt8](repeating: 1, count: side)
      for _ in 0..<20 { try row.withUnsafeBufferPointer { try writer.append($0) } }
      let draft = try #require(folder.names.first)
      #expect(
        Array(try ReadableFile.read(folder.file(draft), operation: "test", prefix: 4).bytes) == [
          73, 73, magic, 0,
        ])
    }
    // Let go of, they leave nothing.
    #expect(folder.names.isEmpty)
  }

  @Test func fullDisk() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let row = [UInt8](repeating: 7, count: 1 << 20)
    let format = RowFormat(width: 1 << 20, height: 4)
    for make in [
      { try PNGRegionWriter("/dev/full", format) as any RegionWriter },
      { try TIFFRegionWriter("/dev/full", format, compression: .none) },
    ] {
      let error = #expect(throws: MartletError.self) {
        let writer = try make()
        for _ in 0..<4 { try row.withUnsafeBufferPointer { try writer.append($0) } }
        try writer.commit()
      }
      #expect(error?.message.contains("/dev/full: cannot be written: No space left on device") ?? false)
    }
  }

  @Test func impossibleFormats() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    for format in [
      RowFormat(width: 0, height: 4), RowFormat(width: 4, height: -1),
      RowFormat(width: 4, height: 4, channels: 0),
      RowFormat(width: 1 << 40, height: 4),
    ] {
      #expect(throws: MartletError.self) { try PNGRegionWriter(path, format) }
      #expect(throws: MartletError.self) { try TIFFRegionWriter(path, format) }
    }
    #expect(throws: MartletError.self) {
      try PNGRegionWriter(path, RowFormat(width: 4, height: 4, sample: .float32))
    }
    #expect(throws: MartletError.self) {
      try PNGRegionWriter(path, RowFormat(width: 4, height: 4, channels: 5))
    }
    #expect(folder.names.isEmpty)
  }
}
