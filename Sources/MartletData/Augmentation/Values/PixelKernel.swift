import Foundation

/// A small filter given by the places that it reads and their weights. Past its edges the window is reflected; the
/// edge itself is not repeated.
struct PixelKernel: Hashable, Sendable {
  struct Tap: Hashable, Sendable {
    var x: Int
    var y: Int
    var weight: Float
  }

  let taps: [Tap]

  /// The value and `strength` times its distance from a 3×3 binomial mean of its surroundings (1 2 1 in each
  /// direction, over 16).
  static func unsharpMask(_ strength: Float) -> PixelKernel {
    let line: [Float] = [0.25, 0.5, 0.25]
    return PixelKernel(
      taps: (-1...1).flatMap { y in
        (-1...1).map { x in
          let mean = line[x + 1] * line[y + 1]
          return Tap(x: x, y: y, weight: (x == 0 && y == 0 ? 1 + strength : 0) - strength * mean)
        }
      })
  }

  /// Filters the window in place and cuts values to [0, 1].
  func apply(to window: WindowPixels) {
    let reach = taps.reduce(0) { max($0, abs($1.x), abs($1.y)) }
    let channels = window.channels
    let rowCount = window.width * channels
    // The window with its reflection, so that the sums below need no bounds.
    let paddedCount = (window.width + 2 * reach) * channels
    var padded: [Float] = []
    padded.reserveCapacity(paddedCount * (window.height + 2 * reach))
    for y in -reach..<window.height + reach {
      let row = reflected(y, window.height) * rowCount
      for x in -reach..<window.width + reach {
        let pixel = row + reflected(x, window.width) * channels
        for channel in 0..<channels { padded.append(window.values[pixel + channel]) }
      }
    }
    padded.withUnsafeBufferPointer { padded in
      for y in 0..<window.height {
        let row = UnsafeMutableBufferPointer(rebasing: window.values[y * rowCount..<(y + 1) * rowCount])
        row.update(repeating: 0)
        for tap in taps {
          let start = (y + reach + tap.y) * paddedCount + (reach + tap.x) * channels
          for index in 0..<rowCount { row[index] += tap.weight * padded[start + index] }
        }
        for index in 0..<rowCount { row[index] = WindowPixels.cut(row[index]) }
      }
    }
  }
}

/// The mean along a line; see ``AugmentationMotionBlur``.
struct MotionBlur: Hashable, Sendable {
  /// Points on the line, a pixel apart, around the pixel.
  let length: Int
  /// In radians, from the right downwards.
  let angle: Double

  /// The line's points, each shared out to the four pixels around it as bilinear interpolation does.
  var kernel: PixelKernel {
    var weights: [SIMD2<Int>: Double] = [:]
    var order: [SIMD2<Int>] = []
    for point in 0..<length {
      let distance = Double(point) - Double(length - 1) / 2
      let (x, y) = (distance * cos(angle), distance * sin(angle))
      let (left, top) = (x.rounded(.down), y.rounded(.down))
      for (dx, partX) in [(0, 1 - (x - left)), (1, x - left)] {
        for (dy, partY) in [(0, 1 - (y - top)), (1, y - top)] where partX * partY > 0 {
          let place = SIMD2(Int(left) + dx, Int(top) + dy)
          if weights[place] == nil { order.append(place) }
          weights[place, default: 0] += partX * partY / Double(length)
        }
      }
    }
    return PixelKernel(taps: order.map { .init(x: $0.x, y: $0.y, weight: Float(weights[$0] ?? 0)) })
  }
}
