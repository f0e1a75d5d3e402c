import Martlet

/// An 8-bit RGB picture that is being drawn on.
struct Canvas {
  let width: Int
  let height: Int
  private var samples: [UInt8]

  init(_ image: Image) {
    width = image.width
    height = image.height
    if case .uint8(let values) = image.convertedToRGB().samples { samples = values } else { samples = [] }
  }

  var image: Image { Image(width: width, height: height, channels: 3, samples: .uint8(samples)) }

  /// Lays a colour over a pixel, which shows through by what is missing to an opacity of 1.
  @inline(__always)
  mutating func blend(_ color: Image.Color, into pixel: Int, opacity: Float) {
    mix(color.red, 3 * pixel, opacity)
    mix(color.green, 3 * pixel + 1, opacity)
    mix(color.blue, 3 * pixel + 2, opacity)
  }

  /// Takes colour away, all of it at a share of 1, and keeps the lightness (ITU-R BT.601's weights).
  mutating func desaturate(by share: Float) {
    for pixel in 0..<width * height {
      let red = Float(samples[3 * pixel])
      let green = Float(samples[3 * pixel + 1])
      let blue = Float(samples[3 * pixel + 2])
      let grey = UInt8(0.299 * red + 0.587 * green + 0.114 * blue)
      blend(Image.Color(red: grey, green: grey, blue: grey), into: pixel, opacity: share)
    }
  }

  @inline(__always)
  private mutating func mix(_ value: UInt8, _ position: Int, _ opacity: Float) {
    let below = Float(samples[position])
    samples[position] = UInt8(below + (Float(value) - below) * opacity + 0.5)
  }
}

/// The class of every pixel of a mask.
struct ClassMap {
  let width: Int
  let height: Int
  let classes: [Int]

  /// - Throws: ``MartletError`` unless the mask has one channel and the size of `image`.
  init(_ mask: Image, for image: Image, called name: String, operation: String) throws {
    try require(
      mask.channels == 1, operation, "expected a \(name) of 1 channel, got \(mask.channels)")
    try require(
      mask.width == image.width && mask.height == image.height, operation,
      "expected a \(name) of \(image.width)×\(image.height) pixels, got \(mask.width)×\(mask.height)")
    width = mask.width
    height = mask.height
    switch mask.samples {
    case .uint8(let values): classes = values.map { Int($0) }
    case .uint16(let values): classes = values.map { Int($0) }
    }
  }

  /// Whether a pixel lies within `reach` pixels of one of another class, to the side, above or below. The picture's
  /// own edge is no border.
  @inline(__always)
  func isBorder(x: Int, y: Int, reach: Int) -> Bool {
    let own = classes[y * width + x]
    for distance in 1...reach {
      if x >= distance, classes[y * width + x - distance] != own { return true }
      if x + distance < width, classes[y * width + x + distance] != own { return true }
      if y >= distance, classes[(y - distance) * width + x] != own { return true }
      if y + distance < height, classes[(y + distance) * width + x] != own { return true }
    }
    return false
  }

  /// The width of an outline that can be seen when the picture is shown whole.
  var outlineWidth: Int { max(1, (max(width, height) + 256) / 512) }
}
