import MartletKernels

/// How far rounding can take a sum of products from the true one.
///
/// Each computed number is a sum of products in which every factor 1 + δ, |δ| ≤ u, stands for one rounding. If a
/// product passes at most n of them on its way, whatever the order of the sum,
///   |error| ≤ γₙ Σ |product|,   γₙ = n u / (1 - n u)
/// (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1).
enum RoundingError {
  static func gamma(_ roundings: Int, _ format: RealFormat) -> Double {
    let n = Double(roundings) * (format == .float32 ? 0x1p-24 : 0x1p-53)
    return n / (1 - n)
  }

  /// γ for a sum of so many products and one more term, and for the float64 sum that it is compared with.
  static func gamma(sumOf terms: Int, _ format: RealFormat) -> Double {
    gamma(terms + 1, format) + gamma(terms + 1, .float64)
  }
}

extension ConvolutionShape {
  /// The most products that make one number.
  func terms(_ part: ConvolutionPart) -> Int {
    switch part {
    case .forward: inputChannels / groups * kernel.count
    case .backwardData: outputChannels / groups * kernel.count
    case .backwardWeights: batch * output.count
    }
  }
}
