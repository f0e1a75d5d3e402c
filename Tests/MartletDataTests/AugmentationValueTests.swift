import Foundation
import Martlet
import Testing

@testable import MartletData

/// Changes of values against SciPy, scikit-image, colorsys and CLAHE's definition.
struct AugmentationValueTests {
  private let reference: AugmentationReference

  init() throws { reference = try AugmentationReference() }

  private func expect(
    _ name: String, from source: String = "rgb", within tolerance: Float = 2e-6,
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout SampleTransform) -> Void
  ) throws {
    var transform = SampleTransform()
    change(&transform)
    let got = try reference.changed(source) { transform.changeValues($0) }
    let expected = try reference.picture(name).values
    expectNear(got, expected, within: tolerance, name, sourceLocation: sourceLocation)
  }

  @Test func equalizationIsOpenCVs() throws {
    // 0.1 of a step of 8 bits.
    let tolerance: Float = 0.1 / 255
    try expect("clahe.odd", from: "grey", within: tolerance) { $0.clahe = .init(clipLimit: 3, tiles: 4) }
    try expect("clahe.even", from: "even", within: tolerance) { $0.clahe = .init(clipLimit: 2, tiles: 8) }
    try expect("clahe.one", from: "grey", within: tolerance) { $0.clahe = .init(clipLimit: 40, tiles: 1) }
  }

  @Test func equalizationOfColoursIsThatOfTheirLightness() throws {
    try expect("clahe.rgb", within: 1e-3) { $0.clahe = .init(clipLimit: 3, tiles: 4) }
  }

  @Test func equalizationTakesWindowsSmallerThanItsTiles() {
    for (width, height) in [(1, 1), (3, 2), (1, 9)] {
      var values = (0..<width * height).map { Float($0) / 10 }
      values.withUnsafeMutableBufferPointer {
        ContrastEqualization(clipLimit: 4, tiles: 8).apply(
          to: WindowPixels($0, width: width, height: height, channels: 1))
      }
      #expect(values.allSatisfy { (0...1).contains($0) })
    }
  }

  @Test func labIsScikitImages() throws {
    let picture = try reference.picture("rgb")
    var got: [Float] = []
    for pixel in 0..<picture.width * picture.height {
      let color = LabColor(
        red: picture.values[3 * pixel], green: picture.values[3 * pixel + 1],
        blue: picture.values[3 * pixel + 2])
      got += [color.lightness, color.a, color.b]
      for channel in 0..<3 { #expect(abs(color.rgb[channel] - picture.values[3 * pixel + channel]) < 1e-4) }
    }
    expectNear(got, try reference.picture("lab").values, within: 2e-3)
  }

  @Test func colours() throws {
    try expect("saturation") { $0.saturation = 1.7 }
    try expect("hue.-0.3") { $0.hue = -0.3 }
    try expect("hue.0.15") { $0.hue = 0.15 }
    try expect("gamma", within: 1e-5) { $0.gamma = 1.8 }
  }

  @Test func greyAndShuffledChannels() throws {
    let picture = try reference.picture("rgb").values
    var transform = SampleTransform()
    transform.channelOrder = [2, 0, 1]
    let shuffled = try reference.changed("rgb") { transform.changeValues($0) }
    #expect(Array(shuffled[..<3]) == [picture[2], picture[0], picture[1]])
    transform = SampleTransform()
    transform.isGrey = true
    let grey = try reference.changed("rgb") { transform.changeValues($0) }
    for first in stride(from: 0, to: grey.count, by: 3) {
      #expect(Set(grey[first..<first + 3]).count == 1)
    }
    #expect(abs(grey[600] - (0.299 * picture[600] + 0.587 * picture[601] + 0.114 * picture[602])) < 1e-6)
  }

  @Test func coloursOfGreyImagesAreLeftAlone() throws {
    var transform = SampleTransform()
    transform.saturation = 2
    transform.hue = 0.4
    transform.isGrey = true
    transform.channelOrder = [2, 1, 0]
    let same = try reference.changed("grey") { transform.changeValues($0) }
    #expect(try same == reference.picture("grey").values)
  }

  @Test func blursAndSharpening() throws {
    try expect("blur.0.6") { $0.blur = 0.6 }
    try expect("blur.2.5") { $0.blur = 2.5 }
    try expect("sharpening") { $0.sharpening = 1.5 }
  }

  @Test func motionBlurIsTheMeanAlongALine() throws {
    let source = try reference.picture("rgb")
    var transform = SampleTransform()
    transform.motionBlur = MotionBlur(length: 9, angle: 0.4)
    let blurred = try reference.changed("rgb") { transform.changeValues($0) }
    let expected = try reference.picture("motion")
    var inner: [Float] = []
    for y in 6..<6 + expected.height {
      let start = (y * source.width + 6) * 3
      inner += blurred[start..<start + expected.width * 3]
    }
    expectNear(inner, expected.values, within: 2e-6)
    let sum = MotionBlur(length: 21, angle: 1.1).kernel.taps.reduce(0) { $0 + $1.weight }
    #expect(abs(sum - 1) < 1e-5)
  }

  @Test func filtersLeaveFlatImagesAlone() {
    for (width, height) in [(1, 1), (2, 1), (7, 5)] {
      var values = [Float](repeating: 0.25, count: width * height * 3)
      var transform = SampleTransform()
      transform.blur = 3
      transform.sharpening = 2
      transform.motionBlur = MotionBlur(length: 63, angle: 2)
      values.withUnsafeMutableBufferPointer {
        transform.changeValues(WindowPixels($0, width: width, height: height, channels: 3))
      }
      #expect(values.allSatisfy { abs($0 - 0.25) < 1e-5 })
    }
  }

  @Test func shotNoiseGrowsWithTheRootOfTheValue() {
    func deviation(_ value: Float) -> Double {
      var values = [Float](repeating: value, count: 20_000)
      var transform = SampleTransform()
      transform.shotNoise = 0.1
      transform.shotNoiseGenerator = PhiloxKey(seed: 3, stream: 4)
      values.withUnsafeMutableBufferPointer {
        transform.changeValues(WindowPixels($0, width: 20_000, height: 1, channels: 1))
      }
      let sum = values.reduce(0) { $0 + Double($1 - value) * Double($1 - value) }
      return (sum / 20_000).squareRoot()
    }
    #expect(abs(deviation(0.25) - 0.05) < 0.002)
    #expect(abs(deviation(0.64) - 0.08) < 0.002)
    #expect(deviation(0) == 0)
  }
}
