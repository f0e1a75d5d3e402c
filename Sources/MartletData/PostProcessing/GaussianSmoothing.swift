import Foundation

/// Smoothing by a normal distribution, as `scipy.ndimage.gaussian_filter` with `mode="nearest"`: cut off at four
/// deviations, the border's values continued outwards.
struct GaussianSmoothing {
  /// Weights from the middle outwards.
  private let weights: [Double]

  /// - Parameter sigma: The deviation in pixels; 0 changes nothing.
  init(sigma: Double) {
    let radius = Self.radius(sigma: sigma)
    let raw = (0...radius).map { sigma > 0 ? exp(-0.5 / (sigma * sigma) * Double($0 * $0)) : 1 }
    let total = raw[0] + 2 * raw.dropFirst().reduce(0, +)
    weights = raw.map { $0 / total }
  }

  /// How far a pixel's value reaches.
  static func radius(sigma: Double) -> Int { Int(4 * sigma + 0.5) }

  func callAsFunction(_ values: [Double], width: Int, height: Int) -> [Double] {
    guard weights.count > 1 else { return values }
    let columns = smoothed(values, lines: width, step: 1, length: height, stride: width)
    return smoothed(columns, lines: height, step: width, length: width, stride: 1)
  }

  private func smoothed(
    _ values: [Double], lines: Int, step: Int, length: Int, stride: Int
  ) -> [Double] {
    [Double](unsafeUninitializedCapacity: values.count) { result, count in
      for line in 0..<lines {
        for place in 0..<length {
          let start = line * step
          var sum = values[start + place * stride] * weights[0]
          for distance in (1..<weights.count).reversed() {
            let before = values[start + max(place - distance, 0) * stride]
            let after = values[start + min(place + distance, length - 1) * stride]
            sum += (before + after) * weights[distance]
          }
          result[start + place * stride] = sum
        }
      }
      count = values.count
    }
  }
}
