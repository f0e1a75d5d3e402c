import Foundation

/// Changes of a window's values, in the order of ``AugmentationPipeline``.
extension SampleTransform {
  /// Changes values in [0, 1] in place and cuts them to that range.
  func changeValues(_ window: WindowPixels) {
    if window.values.isEmpty { return }
    clahe?.apply(to: window)
    changeContrast(window)
    if saturation != 1 { window.mapColors { $0.saturated(by: saturation) } }
    if hue != 0 { window.mapColors { $0.withHueTurned(by: hue) } }
    if gamma != 1 { raise(window.values) }
    if isGrey { window.mapColors { SIMD3(repeating: $0.grey) } }
    if let order = channelOrder { window.mapColors { SIMD3($0[order[0]], $0[order[1]], $0[order[2]]) } }
    if sharpening != 0 { PixelKernel.unsharpMask(sharpening).apply(to: window) }
    if blur > 0 { GaussianBlur(standardDeviation: blur).apply(to: window) }
    if let motionBlur { motionBlur.kernel.apply(to: window) }
    addNoise(window.values)
  }

  private func changeContrast(_ window: WindowPixels) {
    if brightness == 0 && contrast == 1 { return }
    // (v − mean) · contrast + mean, and brightness on top.
    let offset = contrast == 1 ? brightness : Self.mean(window.values) * (1 - contrast) + brightness
    window.map { $0 * contrast + offset }
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

  private func addNoise(_ values: UnsafeMutableBufferPointer<Float>) {
    if shotNoise != 0 {
      var generator = shotNoiseGenerator.generator
      GaussianTable.shared.forEach(values.count, &generator) { index, normal in
        let value = values[index]
        values[index] = WindowPixels.cut(value + shotNoise * value.squareRoot() * normal)
      }
    }
    if noise != 0 {
      var generator = noiseGenerator.generator
      GaussianTable.shared.forEach(values.count, &generator) { index, normal in
        values[index] = WindowPixels.cut(values[index] + noise * normal)
      }
    }
  }
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
