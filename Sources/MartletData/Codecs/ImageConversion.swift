extension Image {
  /// Bits of a sample in memory: 8 or 16.
  public var bitsPerSample: Int {
    switch samples {
    case .uint8: 8
    case .uint16: 16
    }
  }

  /// The image with 8 bits a sample. Values of 16 bits are divided by 257 and rounded, so that 65,535 becomes 255
  /// and what was written from 8 bits comes back.
  public func convertedTo8Bits() -> Image {
    guard case .uint16(let values) = samples else { return self }
    let converted = values.map { UInt8((UInt32($0) * 255 + 32_767) / 65_535) }
    return Image(width: width, height: height, channels: channels, samples: .uint8(converted))
  }

  /// The image as 8-bit RGB: grey is repeated, alpha is left out, 16 bits become 8.
  public func convertedToRGB() -> Image {
    let image = convertedTo8Bits()
    guard image.channels != 3, case .uint8(let values) = image.samples else { return image }
    let pixels = width * height
    let colors = [UInt8](unsafeUninitializedCapacity: pixels * 3) { buffer, initialized in
      for i in 0..<pixels {
        for c in 0..<3 { buffer[3 * i + c] = values[i * channels + (channels == 4 ? c : 0)] }
      }
      initialized = pixels * 3
    }
    return Image(width: width, height: height, channels: 3, samples: .uint8(colors))
  }
}
