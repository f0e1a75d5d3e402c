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
      case .uint16(let values): .uint16(Self.convert(values, pixels: width * height, from: channels, to: count))
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
            let (red, green, blue) = (values[first], values[first + 1], values[first + 2])
            if count == 3 {
              buffer[pixel * 3] = red
              buffer[pixel * 3 + 1] = green
              buffer[pixel * 3 + 2] = blue
            } else {
              buffer[pixel] = Sample((299 * Int(red) + 587 * Int(green) + 114 * Int(blue) + 500) / 1000)
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
