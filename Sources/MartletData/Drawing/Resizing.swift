import Martlet

extension Image {
  /// The picture in another size, for looking at. Enlarging interpolates between pixel centres; shrinking averages
  /// over what falls together (a triangle filter as wide as the reduction), so that nothing flickers.
  ///
  /// - Throws: ``MartletError`` for a size below one pixel.
  public func resizedBilinear(width newWidth: Int, height newHeight: Int) throws -> Image {
    try checkTarget(newWidth, newHeight)
    if newWidth == width && newHeight == height { return self }
    switch samples {
    case .uint8(let values):
      return Image(
        width: newWidth, height: newHeight, channels: channels,
        samples: .uint8(bilinear(values, newWidth, newHeight)))
    case .uint16(let values):
      return Image(
        width: newWidth, height: newHeight, channels: channels,
        samples: .uint16(bilinear(values, newWidth, newHeight)))
    }
  }

  /// The picture made as small as it must be for both sides to fit `side` pixels; never larger than it is.
  ///
  /// - Throws: ``MartletError`` for a side below one pixel.
  public func thumbnail(side: Int) throws -> Image {
    try require(side > 0, "resize", "expected a thumbnail of at least 1 pixel, got \(side)")
    let longest = max(width, height)
    guard longest > side else { return try resizedBilinear(width: width, height: height) }
    return try resizedBilinear(
      width: max((width * side + longest / 2) / longest, 1),
      height: max((height * side + longest / 2) / longest, 1))
  }

  private func checkTarget(_ newWidth: Int, _ newHeight: Int) throws {
    try require(
      newWidth > 0 && newHeight > 0 && width > 0 && height > 0, "resize",
      "expected sizes of at least 1×1, got \(width)×\(height) to \(newWidth)×\(newHeight)")
    let (pixels, overflow) = newWidth.multipliedReportingOverflow(by: newHeight)
    try require(
      !overflow && pixels <= Limits.standard.maximumPixels, "resize",
      "expected at most \(Limits.standard.maximumPixels) pixels, got \(newWidth)×\(newHeight)")
  }

  private func bilinear<Sample: FixedWidthInteger & UnsignedInteger>(
    _ values: [Sample], _ newWidth: Int, _ newHeight: Int
  ) -> [Sample] {
    let across = ResizingWeights(from: width, to: newWidth)
    let down = ResizingWeights(from: height, to: newHeight)
    let rowCount = newWidth * channels
    var narrow = [Float](repeating: 0, count: height * rowCount)
    for y in 0..<height {
      for x in 0..<newWidth {
        for (k, weight) in across.weights[x].enumerated() {
          let from = (y * width + across.starts[x] + k) * channels
          let to = y * rowCount + x * channels
          for c in 0..<channels { narrow[to + c] += weight * Float(values[from + c]) }
        }
      }
    }
    var result: [Sample] = []
    result.reserveCapacity(newHeight * rowCount)
    var row = [Float](repeating: 0, count: rowCount)
    for y in 0..<newHeight {
      for i in 0..<rowCount { row[i] = 0.5 }
      for (k, weight) in down.weights[y].enumerated() {
        let from = (down.starts[y] + k) * rowCount
        for i in 0..<rowCount { row[i] += weight * narrow[from + i] }
      }
      for value in row { result.append(Sample(min(value, Float(Sample.max)))) }
    }
    return result
  }
}

/// For each place of a new line, which places of the old one it is made from and how much of each it takes.
private struct ResizingWeights {
  var starts: [Int] = []
  var weights: [[Float]] = []

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let reach = max(scale, 1)
    for i in 0..<new {
      let center = (Double(i) + 0.5) * scale
      let first = max(Int(center - reach + 0.5), 0)
      let last = max(min(Int(center + reach + 0.5), old) - 1, first)
      var parts = (first...last).map { max(0, 1 - abs((Double($0) + 0.5 - center) / reach)) }
      let total = parts.reduce(0, +)
      for k in parts.indices { parts[k] /= total }
      starts.append(first)
      weights.append(parts.map { Float($0) })
    }
  }
}
