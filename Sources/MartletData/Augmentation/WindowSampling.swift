/// Reading of a window's pixels out of an image and its labels, in one pass.
extension WindowGeometry {
  /// Writes the window: values in [0, 1], channels interleaved, and labels.
  ///
  /// - Parameters:
  ///   - pixels: width × height × channels places.
  ///   - labels: width × height places.
  func sample(
    _ source: LabeledImage, fill: AugmentationFill, pixels: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let image = source.image
    precondition(
      pixels.count == width * height * image.channels && labels.count == width * height,
      "a window's memory must hold the window")
    switch image.samples {
    case .uint8(let samples): sample(samples, 1 / 255, source, fill, pixels, labels)
    case .uint16(let samples): sample(samples, 1 / 65535, source, fill, pixels, labels)
    }
  }

  private func sample<Sample: FixedWidthInteger & UnsignedInteger>(
    _ samples: [Sample], _ unit: Float, _ source: LabeledImage, _ fill: AugmentationFill,
    _ pixels: UnsafeMutableBufferPointer<Float>, _ labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard let pixelAddress = pixels.baseAddress, let labelAddress = labels.baseAddress else { return }
    samples.withUnsafeBufferPointer { samples in
      source.labels.values.withUnsafeBufferPointer { sourceLabels in
        guard let samples = samples.baseAddress, let sourceLabels = sourceLabels.baseAddress else { return }
        let picture = Picture(
          samples: samples, labels: sourceLabels, width: source.image.width, height: source.image.height,
          channels: source.image.channels, unit: unit, ignoresOutside: fill == .ignore)
        if isWholePixels {
          copy(picture, pixelAddress, labelAddress)
        } else {
          interpolate(picture, pixelAddress, labelAddress)
        }
      }
    }
  }

  private func copy<Sample: FixedWidthInteger & UnsignedInteger>(
    _ picture: Picture<Sample>, _ pixels: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<UInt8>
  ) {
    let (stepX, stepY) = (Int(right.x), Int(right.y))
    for row in 0..<height {
      var x = Int(origin.x) + row * Int(down.x)
      var y = Int(origin.y) + row * Int(down.y)
      var pixel = pixels + row * width * picture.channels
      let label = labels + row * width
      for column in 0..<width {
        picture.copy(x, y, pixel, label + column)
        pixel += picture.channels
        x += stepX
        y += stepY
      }
    }
  }

  private func interpolate<Sample: FixedWidthInteger & UnsignedInteger>(
    _ picture: Picture<Sample>, _ pixels: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<UInt8>
  ) {
    let movers = warps.map { $0.mover(width: width, height: height) }
    var places = [SIMD2<Double>](repeating: .zero, count: width)
    places.withUnsafeMutableBufferPointer { places in
      for row in 0..<height {
        var pixel = pixels + row * width * picture.channels
        let label = labels + row * width
        for column in 0..<width { places[column] = SIMD2(Double(column), Double(row)) }
        for mover in movers { mover(row, places) }
        for column in 0..<width {
          let place = origin + right * places[column].x + down * places[column].y
          picture.interpolate(place, pixel, label + column)
          pixel += picture.channels
        }
      }
    }
  }
}

/// An image and its labels as they are read from.
private struct Picture<Sample: FixedWidthInteger & UnsignedInteger> {
  let samples: UnsafePointer<Sample>
  let labels: UnsafePointer<UInt8>
  let width: Int
  let height: Int
  let channels: Int
  /// What one step of a sample is of the range from 0 to 1.
  let unit: Float
  let ignoresOutside: Bool

  /// Takes one pixel.
  @inline(__always)
  func copy(_ x: Int, _ y: Int, _ pixel: UnsafeMutablePointer<Float>, _ label: UnsafeMutablePointer<UInt8>) {
    let place = reflected(y, height) * width + reflected(x, width)
    let sample = samples + place * channels
    pixel[0] = Float(sample[0]) * unit
    if channels == 3 {
      pixel[1] = Float(sample[1]) * unit
      pixel[2] = Float(sample[2]) * unit
    }
    let isOutside = x < 0 || y < 0 || x >= width || y >= height
    label[0] = ignoresOutside && isOutside ? LabelMap.ignored : labels[place]
  }

  /// Takes the pixel at a place between pixels: bilinear, and the label of the nearest.
  @inline(__always)
  func interpolate(
    _ place: SIMD2<Double>, _ pixel: UnsafeMutablePointer<Float>, _ label: UnsafeMutablePointer<UInt8>
  ) {
    // Truncation is towards zero; far enough to the right it is downwards. A power of two changes no digit.
    let shift = 1_048_576
    let place = place.clamped(
      lowerBound: SIMD2(repeating: -Double(shift)), upperBound: SIMD2(repeating: Double(1 << 40)))
    let x = Int(place.x + Double(shift)) - shift
    let y = Int(place.y + Double(shift)) - shift
    let wx = Float(place.x - Double(x))
    let wy = Float(place.y - Double(y))

    let (left, right) = (reflected(x, width), reflected(x + 1, width))
    let (top, bottom) = (reflected(y, height) * width, reflected(y + 1, height) * width)
    let a = samples + (top + left) * channels
    let b = samples + (top + right) * channels
    let c = samples + (bottom + left) * channels
    let d = samples + (bottom + right) * channels
    func value(_ channel: Int) -> Float {
      let (p, q) = (Float(a[channel]), Float(b[channel]))
      let (r, s) = (Float(c[channel]), Float(d[channel]))
      let upper = p + (q - p) * wx
      let lower = r + (s - r) * wx
      return (upper + (lower - upper) * wy) * unit
    }
    pixel[0] = value(0)
    if channels == 3 {
      pixel[1] = value(1)
      pixel[2] = value(2)
    }
    let nearestX = wx < 0.5 ? x : x + 1
    let nearestY = wy < 0.5 ? y : y + 1
    let isOutside = nearestX < 0 || nearestY < 0 || nearestX >= width || nearestY >= height
    label[0] =
      ignoresOutside && isOutside
      ? LabelMap.ignored : labels[(wy < 0.5 ? top : bottom) + (wx < 0.5 ? left : right)]
  }
}
