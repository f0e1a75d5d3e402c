/// Changes of an image's number of channels.
extension Image {
  /// The image with 1 (grey) or 3 (RGB) channels. Alpha is dropped; grey is repeated; colour becomes
  /// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded.
  ///
  /// - Precondition: `count` is 1 or 3.
  func withChannels(_ count: Int) -> Image {
    precondition(count == 1 || count == 3, "images are used as grey or RGB")
    if channels == count { return self }
    let converted: Samples =
      switch samples {
      case .uint8(let values): .uint8(Self.convert(values, pixels: width * height, from: channels, to: count))
      case .uint16(let values):
        .uint16(Self.convert(values, pixels: width * height, from: channels, to: count))
      }
    return Image(width: width, height: height, channels: count, samples: converted)
  }

  private static func convert<Sample: FixedWidthInteger>(
    _ values: [Sample], pixels: Int, from channels: Int, to count: Int
  ) -> [Sample] {
    [Sample](unsafeUninitializedCapacity: pixels * count) { buffer, initialized in
      values.withUnsafeBufferPointer { values in
        for pixel in 0..<pixels {
          let first = pixel * channels
          if channels >= 3 {
            if count == 3 {
              for channel in 0..<3 { buffer[pixel * 3 + channel] = values[first + channel] }
            } else {
              let red = Int(values[first])
              let green = Int(values[first + 1])
              let blue = Int(values[first + 2])
              let weighted: Int = 299 * red + 587 * green + 114 * blue
              buffer[pixel] = Sample((weighted + 500) / 1000)
            }
          } else {
            for channel in 0..<count { buffer[pixel * count + channel] = values[first] }
          }
        }
      }
      initialized = pixels * count
    }
  }
}
