/// One channel of a picture that is being drawn, in light or optical density.
struct Plane {
  let width: Int
  let height: Int
  var values: [Float]

  init(width: Int, height: Int, filledWith value: Float = 0) {
    self.width = width
    self.height = height
    values = [Float](repeating: value, count: width * height)
  }

  subscript(x: Int, y: Int) -> Float {
    get { values[y * width + x] }
    set { values[y * width + x] = newValue }
  }

  /// The plane seen through a Gaussian of the given width in pixels. Beyond the border its edge goes on.
  func blurred(_ sigma: Float) -> Plane {
    guard sigma > 0.05 else { return self }
    let reach = Int(sigma * 3 + 0.5) + 1
    var kernel = (-reach...reach).map { offset in
      exponential(-Float(offset * offset) / (2 * sigma * sigma))
    }
    let total = kernel.reduce(0, +)
    for i in kernel.indices { kernel[i] /= total }

    var across = self
    var result = self
    values.withUnsafeBufferPointer { from in
      across.values.withUnsafeMutableBufferPointer { to in
        for y in 0..<height {
          let row = y * width
          for x in 0..<width {
            var sum: Float = 0
            for (k, weight) in kernel.enumerated() {
              sum += weight * from[row + min(max(x + k - reach, 0), width - 1)]
            }
            to[row + x] = sum
          }
        }
      }
    }
    across.values.withUnsafeBufferPointer { from in
      result.values.withUnsafeMutableBufferPointer { to in
        for y in 0..<height {
          for x in 0..<width { to[y * width + x] = 0 }
          for (k, weight) in kernel.enumerated() {
            let row = min(max(y + k - reach, 0), height - 1) * width
            for x in 0..<width { to[y * width + x] += weight * from[row + x] }
          }
        }
      }
    }
    return result
  }
}

/// e to the power of `x`, from additions and multiplications alone, so that every machine draws the same picture:
/// the C library's differs in the last place from one system to the next. Good to 1e-4 relative for |x| ≤ 20.
func exponential(_ x: Float) -> Float {
  let part = Double(x) / 256
  var result = 1 + part * (1 + part / 2 * (1 + part / 3 * (1 + part / 4)))
  for _ in 0..<8 { result *= result }
  return Float(result)
}

/// 0 at and below `low`, 1 at and above `high`, smooth between.
@inline(__always)
func smoothStep(_ x: Float, _ low: Float, _ high: Float) -> Float {
  let t = min(max((x - low) / (high - low), 0), 1)
  return t * t * (3 - 2 * t)
}
