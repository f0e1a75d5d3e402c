import Martlet
import Testing

@testable import MartletData

@Suite struct DrawingResizeTests {
  @Test(arguments: [(16, 9), (61, 40), (20, 33)])
  func asOtherLibrariesDoIt(width: Int, height: Int) throws {
    let picture = try Image(contentsOf: imageFixture("color.decoded.png"))
    let bilinear = try Image(contentsOf: imageFixture("bilinear\(width)x\(height).png"))
    let resized = try picture.resizedBilinear(width: width, height: height)
    // Pillow rounds between its two passes.
    #expect(zip(resized.integers, bilinear.integers).map { abs($0 - $1) }.max()! <= 1)
  }

  @Test func sixteenBitsAreResizedLikeEight() throws {
    let picture = try Image(contentsOf: imageFixture("color.decoded.png"))
    let deep = Image(
      width: picture.width, height: picture.height, channels: 3,
      samples: .uint16(picture.integers.map { UInt16($0 * 257) }))
    let small = try deep.resizedBilinear(width: 16, height: 9)
    #expect(small.bitsPerSample == 16)
    let expected = try picture.resizedBilinear(width: 16, height: 9).integers
    #expect(zip(small.convertedTo8Bits().integers, expected).map { abs($0 - $1) }.max()! <= 1)
    let largest = Image(width: 2, height: 1, channels: 1, samples: .uint16([65535, 65535]))
    #expect(try largest.resizedBilinear(width: 7, height: 3).integers.allSatisfy { $0 == 65535 })
  }

  @Test func thumbnailsKeepTheirProportionsAndNeverGrow() throws {
    let picture = smoothImage(width: 100, height: 40, channels: 1)
    let small = try picture.thumbnail(side: 50)
    #expect(small.width == 50 && small.height == 20)
    #expect(try picture.thumbnail(side: 200) == picture)
    let thin = smoothImage(width: 300, height: 1, channels: 1)
    #expect(try thin.thumbnail(side: 10).height == 1)
  }

  @Test func sizesThatMakeNoSenseAreRefused() throws {
    let picture = smoothImage(width: 4, height: 4, channels: 1)
    for (width, height) in [(0, 4), (4, -1), (Int.max, 2), (1 << 20, 1 << 20)] {
      #expect(throws: MartletError.self) { try picture.resizedBilinear(width: width, height: height) }
    }
    #expect(throws: MartletError.self) { try picture.thumbnail(side: -5) }
    let empty = Image(width: 0, height: 0, channels: 1, samples: .uint8([]))
    #expect(throws: MartletError.self) { try empty.resizedBilinear(width: 1, height: 1) }
  }
}
