import MartletKernels

/// Smooth noise of several scales in [0, 1], repeated endlessly in both directions: the unevenness of chromatin,
/// of cytoplasm and of a background.
struct NoiseField {
  /// Random values on a grid, between which noise of one scale runs smoothly.
  private struct Octave {
    let period: Float
    let side: Int
    let weight: Float
    let values: [Float]

    @inline(__always)
    func at(_ x: Float, _ y: Float) -> Float {
      let u = x / period
      let v = y / period
      let column = u.rounded(.down)
      let row = v.rounded(.down)
      let fx = smoothStep(u - column, 0, 1)
      let fy = smoothStep(v - row, 0, 1)
      // The side is a power of two, so that the mask also wraps what is negative.
      let mask = side - 1
      let left = Int(column) & mask
      let right = (left + 1) & mask
      let top = (Int(row) & mask) * side
      let bottom = ((Int(row) + 1) & mask) * side
      let upper = values[top + left] + fx * (values[top + right] - values[top + left])
      let lower = values[bottom + left] + fx * (values[bottom + right] - values[bottom + left])
      return weight * (upper + fy * (lower - upper))
    }
  }

  private let octaves: [Octave]

  /// - Parameters:
  ///   - periods: Each scale's grid in pixels.
  ///   - weights: Each scale's share; they are made to sum to one.
  init(periods: [Float], weights: [Float], random: inout PhiloxGenerator) {
    let total = weights.reduce(0, +)
    var octaves: [Octave] = []
    for (period, weight) in zip(periods, weights) {
      let values = (0..<64 * 64).map { _ in random.float() }
      octaves.append(Octave(period: period, side: 64, weight: weight / total, values: values))
    }
    self.octaves = octaves
  }

  /// The noise at a place, about 0.5 in the mean.
  @inline(__always)
  func at(_ x: Float, _ y: Float) -> Float {
    var sum: Float = 0
    for octave in octaves { sum += octave.at(x, y) }
    return sum
  }
}

extension PhiloxGenerator {
  /// A number in [0, 1).
  @inline(__always)
  mutating func float() -> Float { Philox.uniform(nextUInt32()) }

  @inline(__always)
  mutating func float(_ low: Float, _ high: Float) -> Float { low + (high - low) * float() }

  /// A whole number in `range`.
  mutating func integer(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(Double(range.count) * uniform())
  }

  mutating func chance(_ probability: Float) -> Bool { float() < probability }

  /// A nearly normal number of mean 0 and variance 1: the sum of four uniform ones, which needs no logarithm.
  @inline(__always)
  mutating func normal() -> Float {
    let bits: UInt64 = next()
    var sum: Float = 0
    for i in 0..<4 as Range<UInt64> { sum += Float((bits >> (16 * i)) & 0xFFFF) }
    // The sum of four numbers uniform in [0, 65535] has the mean 131,070 and the variance 65,535² / 3.
    return (sum - 131_070) * (1.732_050_8 / 65_535)
  }

  /// A direction: a vector of length one.
  mutating func direction() -> (x: Float, y: Float) {
    while true {
      let x = float(-1, 1)
      let y = float(-1, 1)
      let square = x * x + y * y
      if square > 0.01 && square <= 1 {
        let length = square.squareRoot()
        return (x / length, y / length)
      }
    }
  }
}
