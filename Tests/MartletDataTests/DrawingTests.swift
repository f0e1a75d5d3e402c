import Martlet
import Testing

@testable import MartletData

@Suite struct DrawingTests {
  /// A 6 × 5 mask with a 3 × 3 square of class 1 at (1, 1) and a pixel of class 2 in a corner.
  static let mask: Image = {
    var values = [UInt8](repeating: 0, count: 30)
    for y in 1...3 { for x in 1...3 { values[y * 6 + x] = 1 } }
    values[29] = 2
    return Image(width: 6, height: 5, channels: 1, samples: .uint8(values))
  }()

  static let grey = Image(
    width: 6, height: 5, channels: 1, samples: .uint8([UInt8](repeating: 100, count: 30)))

  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [Int] {
    Array(image.integers[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3])
  }

  private func mixed(_ below: Int, _ color: Image.Color, _ opacity: Double) -> [Int] {
    [color.red, color.green, color.blue].map {
      Int(Double(below) + (Double($0) - Double(below)) * opacity + 0.5)
    }
  }

  @Test func overlayTintsAreasAndOutlinesThem() throws {
    let palette = ClassPalette(count: 3)
    let drawn = try overlay(Self.grey, mask: Self.mask, palette: palette, opacity: 0.4)
    #expect(drawn.channels == 3 && drawn.width == 6 && drawn.height == 5)
    #expect(pixel(drawn, 0, 0) == [100, 100, 100])
    #expect(pixel(drawn, 2, 2) == mixed(100, palette[1], 0.4))
    #expect(pixel(drawn, 1, 2) == mixed(100, palette[1], 0.95))
    #expect(pixel(drawn, 5, 4) == mixed(100, palette[2], 0.95))
    let ignoring = try overlay(Self.grey, mask: Self.mask, palette: palette, ignoredIndex: 2)
    #expect(pixel(ignoring, 5, 4) == [100, 100, 100])
  }

  @Test func overlayTakesAnyDepthAndChannels() throws {
    let deep = Image(
      width: 6, height: 5, channels: 2, samples: .uint16([UInt16](repeating: 100 * 257, count: 60)))
    #expect(try overlay(deep, mask: Self.mask) == overlay(Self.grey, mask: Self.mask))
    let wide = Image(
      width: 6, height: 5, channels: 1, samples: .uint16(Self.mask.integers.map { UInt16($0) }))
    #expect(try overlay(Self.grey, mask: wide) == overlay(Self.grey, mask: Self.mask))
  }

  @Test func masksOfAnotherSizeAreRefused() {
    let small = Image(width: 5, height: 5, channels: 1, samples: .uint8([UInt8](repeating: 0, count: 25)))
    let error = #expect(throws: MartletError.self) { try overlay(Self.grey, mask: small) }
    #expect(error?.description == "[overlay] expected a mask of 6×5 pixels, got 5×5")
    let colors = Self.grey.convertedToRGB()
    #expect(throws: MartletError.self) { try overlay(Self.grey, mask: colors) }
    #expect(throws: MartletError.self) { try overlay(Self.grey, mask: Self.mask, opacity: .nan) }
    #expect(throws: MartletError.self) {
      try comparison(Self.grey, truth: Self.mask, prediction: small)
    }
    #expect(throws: MartletError.self) {
      try comparison(Self.grey, truth: small, prediction: Self.mask)
    }
  }

  @Test func comparisonShowsEachKindOfMistake() throws {
    var values = Self.mask.integers.map { UInt8($0) }
    values[0] = 1  // predicted on the background
    values[2 * 6 + 2] = 0  // missed inside the square
    values[29] = 1  // one class taken for another
    let prediction = Image(width: 6, height: 5, channels: 1, samples: .uint8(values))
    let drawn = try comparison(Self.grey, truth: Self.mask, prediction: prediction)
    #expect(pixel(drawn, 0, 0) == mixed(100, ComparisonColor.falsePositive.color, 0.85))
    #expect(pixel(drawn, 2, 2) == mixed(100, ComparisonColor.falseNegative.color, 0.85))
    #expect(pixel(drawn, 4, 0) == [100, 100, 100])
    let right = try comparison(Self.grey, truth: Self.mask, prediction: Self.mask)
    #expect(pixel(right, 2, 2) == mixed(100, ComparisonColor.agreement.color, 0.42))
    let confused = pixel(drawn, 5, 4)
    #expect(confused != pixel(right, 5, 4))
    let ignoring = try comparison(Self.grey, truth: Self.mask, prediction: prediction, ignoredIndex: 2)
    #expect(pixel(ignoring, 5, 4) == [100, 100, 100])
  }

  @Test func classesHaveDifferentColors() {
    let palette = ClassPalette(count: 40)
    #expect(palette.colors.count == 40)
    #expect(Set(palette.colors).count == 40)
    #expect(palette[0] == Image.Color(red: 0, green: 0, blue: 0))
    let own = ClassPalette(colors: [palette[3]])
    #expect(own[0] == palette[3])
    #expect(own[1] == palette[1], "a class past the end has its standard colour")
    #expect(ClassPalette(count: -1).colors.isEmpty)
  }
}
