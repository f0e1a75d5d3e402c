/// Sums over the pixels of images, from which each channel's mean and standard deviation follow.
///
/// Sums of 8- and 16-bit samples are integers, so that the result does not depend on the order of pixels.
struct ChannelStatistics: Hashable, Sendable {
  private(set) var pixels = 0
  /// For each channel, the sum of values in [0, 1] and of their squares.
  private(set) var sums: [Double]
  private(set) var squareSums: [Double]

  init(channels: Int) {
    sums = Array(repeating: 0, count: channels)
    squareSums = sums
  }

  init(_ image: Image) {
    self.init(channels: image.channels)
    pixels = image.width * image.height
    switch image.samples {
    case .uint8(let values): add(values, 255)
    case .uint16(let values): add(values, 65535)
    }
  }

  private mutating func add<Sample: FixedWidthInteger & UnsignedInteger>(
    _ values: [Sample], _ largest: Double
  ) {
    let channels = sums.count
    values.withUnsafeBufferPointer { values in
      for channel in 0..<channels {
        var sum: UInt64 = 0
        var squareSum: UInt64 = 0
        for index in stride(from: channel, to: values.count, by: channels) {
          let value = UInt64(values[index])
          sum &+= value
          squareSum &+= value &* value
        }
        sums[channel] = Double(sum) / largest
        squareSums[channel] = Double(squareSum) / (largest * largest)
      }
    }
  }

  static func += (left: inout ChannelStatistics, right: ChannelStatistics) {
    left.pixels += right.pixels
    for channel in left.sums.indices {
      left.sums[channel] += right.sums[channel]
      left.squareSums[channel] += right.squareSums[channel]
    }
  }
}
