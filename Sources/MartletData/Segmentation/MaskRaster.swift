import Foundation

/// A mask as its file holds it, before it is known what the values mean.
struct MaskRaster: Sendable {
  enum Pixels: Sendable {
    /// Grey values or palette indices, with the largest value that the depth allows.
    case values([UInt16], largest: Int)
    /// Colours, 0xRRGGBB.
    case colors([UInt32])
    /// Classes, or ``LabelMap/ignored``: of masks that were drawn, in which nothing is left open.
    case labels([UInt8])
  }

  let width: Int
  let height: Int
  /// Rows of a slice, for volumes, whose slices lie one below the other.
  let sliceHeight: Int
  let pixels: Pixels

  init(width: Int, height: Int, sliceHeight: Int? = nil, pixels: Pixels) {
    self.width = width
    self.height = height
    self.sliceHeight = sliceHeight ?? height
    self.pixels = pixels
  }

  /// Reads a mask file.
  ///
  /// - Parameter asColors: Whether grey values and palettes are wanted as the colours they stand for.
  ///   Otherwise they are values, and so are colour images in which every pixel is grey.
  init(contentsOf url: URL, asColors: Bool) throws {
    self.init(try ImageFile.mask(url, asColors: asColors), asColors: asColors)
  }

  init(_ image: Image, asColors: Bool) {
    width = image.width
    height = image.height
    sliceHeight = height
    let channels = image.channels
    let count = width * height
    switch image.samples {
    case .uint8(let samples):
      if channels >= 3 || asColors {
        let colors = Self.colors(count, channels) { UInt32(samples[$0]) }
        pixels = (asColors ? nil : Self.greyValues(colors)) ?? .colors(colors)
      } else {
        pixels = .values((0..<count).map { UInt16(samples[$0 * channels]) }, largest: 255)
      }
    case .uint16(let samples):
      if channels >= 3 || asColors {
        let colors = Self.colors(count, channels) { UInt32(samples[$0] >> 8) }
        pixels = (asColors ? nil : Self.greyValues(colors)) ?? .colors(colors)
      } else {
        pixels = .values((0..<count).map { samples[$0 * channels] }, largest: 65535)
      }
    }
  }

  private static func colors(_ count: Int, _ channels: Int, _ sample: (Int) -> UInt32) -> [UInt32] {
    (0..<count).map { pixel in
      let first = pixel * channels
      if channels < 3 { return sample(first) * 0x010101 }
      return sample(first) << 16 | sample(first + 1) << 8 | sample(first + 2)
    }
  }

  /// The values of a colour image in which no pixel has colour; `nil` where one has.
  private static func greyValues(_ colors: [UInt32]) -> Pixels? {
    guard colors.allSatisfy({ ($0 & 255) * 0x010101 == $0 }) else { return nil }
    return .values(colors.map { UInt16($0 & 255) }, largest: 255)
  }
}

/// What values or colours a mask holds, how often, and where each occurs first.
struct MaskContent: Sendable {
  enum Kind: Sendable {
    case values, colors, labels
  }

  /// More colours than a table of classes, with one that is ignored, can have: where there are more the picture is no
  /// mask, and no more of them are counted.
  static let largestColorCount = LabelMap.largestClassCount + 1

  struct Entry: Sendable {
    var count: Int
    var firstPixel: Int
  }

  let width: Int
  let height: Int
  private let sliceHeight: Int
  let kind: Kind
  /// Whether there are more colours than ``largestColorCount``; entries are then of the first ones alone.
  let hasMoreColors: Bool
  /// The largest value that the file's depth allows.
  let largestPossible: Int
  /// By value, or by colour as 0xRRGGBB.
  let entries: [Int: Entry]

  init(_ raster: MaskRaster) {
    width = raster.width
    height = raster.height
    sliceHeight = raster.sliceHeight
    switch raster.pixels {
    case .values(let values, let largest):
      (kind, largestPossible) = (.values, largest)
      (entries, hasMoreColors) = Self.count(values)
    case .colors(let colors):
      (kind, largestPossible) = (.colors, 255)
      (entries, hasMoreColors) = Self.count(colors, limit: Self.largestColorCount)
    case .labels(let labels):
      (kind, largestPossible) = (.labels, Int(LabelMap.ignored))
      (entries, hasMoreColors) = Self.count(labels)
    }
  }

  var isColor: Bool { kind == .colors }

  /// Masks are mostly runs of one value, so that a run costs one look-up.
  ///
  /// - Returns: The values up to a first one too many, and whether there was one.
  private static func count<Value: FixedWidthInteger>(
    _ values: [Value], limit: Int = .max
  ) -> ([Int: Entry], hasMore: Bool) {
    var entries: [Int: Entry] = [:]
    values.withUnsafeBufferPointer { values in
      var start = 0
      while start < values.count, entries.count <= limit {
        let value = values[start]
        var end = start + 1
        while end < values.count && values[end] == value { end += 1 }
        entries[Int(value), default: Entry(count: 0, firstPixel: start)].count += end - start
        start = end
      }
    }
    return (entries, entries.count > limit)
  }

  /// A pixel's place as it is shown to people.
  func place(_ pixel: Int) -> String {
    let (x, row) = (pixel % width, pixel / width)
    return height == sliceHeight
      ? "(x \(x), y \(row))" : "(x \(x), y \(row % sliceHeight), z \(row / sliceHeight))"
  }

  var largestValue: Int { entries.keys.max() ?? 0 }
}
