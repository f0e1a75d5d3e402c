import Foundation

/// Changes of a window's values: brightness, contrast, gamma, noise.
extension SampleTransform {
  /// Whether values are changed at all.
  var changesValues: Bool { brightness != 0 || contrast != 1 || gamma != 1 || noise != 0 }

  /// Changes values in [0, 1] in place and cuts them to that range.
  func changeValues(_ values: UnsafeMutableBufferPointer<Float>) {
    guard changesValues, !values.isEmpty else { return }
    if brightness != 0 || contrast != 1 {
      // (v − mean) · contrast + mean, and brightness on top.
      let offset = contrast == 1 ? brightness : Self.mean(values) * (1 - contrast) + brightness
      for index in values.indices { values[index] = Self.cut(values[index] * contrast + offset) }
    }
    if gamma != 1 { raise(values) }
    if noise != 0 {
      var generator = noiseGenerator.generator
      GaussianTable.shared.forEach(values.count, &generator) { index, normal in
        values[index] = Self.cut(values[index] + noise * normal)
      }
    }
  }

  private static func mean(_ values: UnsafeMutableBufferPointer<Float>) -> Float {
    // A few sums side by side: faster, and always in the same order.
    var sums = SIMD8<Float>.zero
    var total = 0.0
    let whole = values.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      for lane in 0..<8 { sums[lane] += values[start + lane] }
      if start & 0xFFF == 0 {
        total += Double(sums.sum())
        sums = .zero
      }
    }
    total += Double(sums.sum())
    for index in whole..<values.count { total += Double(values[index]) }
    return Float(total / Double(values.count))
  }

  /// Powers by a table, linear between its entries: exact to 10⁻³ of a step of 8 bits but next to zero.
  private func raise(_ values: UnsafeMutableBufferPointer<Float>) {
    let steps = 4096
    let table = (0...(steps + 1)).map { pow(min(Float($0) / Float(steps), 1), gamma) }
    table.withUnsafeBufferPointer { table in
      for index in values.indices {
        let place = values[index] * Float(steps)
        let entry = Int(place)
        values[index] = table[entry] + (table[entry + 1] - table[entry]) * (place - Float(entry))
      }
    }
  }

  @inline(__always)
  private static func cut(_ value: Float) -> Float { value < 0 ? 0 : value > 1 ? 1 : value }
}

extension Normalization {
  /// Normalises interleaved values in place.
  func apply(_ values: UnsafeMutableBufferPointer<Float>) {
    let channels = mean.count
    let factors = standardDeviation.map { 1 / $0 }
    for channel in 0..<channels where mean[channel] != 0 || factors[channel] != 1 {
      let (mean, factor) = (mean[channel], factors[channel])
      for index in stride(from: channel, to: values.count, by: channels) {
        values[index] = (values[index] - mean) * factor
      }
    }
  }
}
