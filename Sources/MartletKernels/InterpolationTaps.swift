/// Taps of interpolations. Where an output lies on the input's axis is a function of the caller's, in inputs counted
/// from the first one's centre; an output without a position has no taps.
extension AxisTaps {
  /// The input that a position is rounded to, or the outermost one.
  public static func nearest(
    inputSize: Int, outputSize: Int, position: (Int) -> Double?, rounded: (Double) -> Double
  ) -> AxisTaps {
    AxisTaps(outputSize: outputSize, sourceSize: inputSize) { output in
      guard let position = position(output) else { return [] }
      return [(Int(min(max(rounded(position), 0), Double(inputSize - 1))), 0, 1)]
    }
  }

  /// The input at or below each output's position by the rule of PyTorch's `nearest`, whose arithmetic is in single
  /// precision.
  ///
  /// - Parameter scale: Outputs an input, where the caller gave it; otherwise the ratio of the sizes.
  public static func nearest(inputSize: Int, outputSize: Int, scale: Double?) -> AxisTaps {
    let ratio =
      if let scale, scale > 0 { Float(1 / scale) } else { Float(inputSize) / Float(max(outputSize, 1)) }
    return AxisTaps(outputSize: outputSize, sourceSize: inputSize) { output in
      let source =
        if outputSize == inputSize {
          output
        } else if outputSize == 2 * inputSize {
          output / 2
        } else {
          min(Int((Float(output) * ratio).rounded(.down)), inputSize - 1)
        }
      return [(source, 0, 1)]
    }
  }

  /// The two inputs on either side of each output's position, by their nearness; the outermost one beyond the ends.
  public static func linear(inputSize: Int, outputSize: Int, position: (Int) -> Double?) -> AxisTaps {
    AxisTaps(outputSize: outputSize, sourceSize: inputSize) { output in
      guard let position = position(output).map({ min(max($0, 0), Double(inputSize)) }) else { return [] }
      let low = min(Int(position), inputSize - 1)
      let high = min(low + 1, inputSize - 1)
      let share = min(position - Double(low), 1)
      return share == 0 ? [(low, 0, 1)] : [(low, 0, 1 - share), (high, 0, share)]
    }
  }

  /// All inputs within reach of each output's position, weighed by a filter of the distance so that they add up to 1.
  ///
  /// - Parameters:
  ///   - support: From where on the filter is zero.
  ///   - stretch: What distances are divided by, 1 or more: outputs that stand for several inputs read them all.
  ///   - excludesOutside: Whether inputs beyond the ends are left out; otherwise the outermost one stands for them.
  public static func filtered(
    inputSize: Int, outputSize: Int, support: Double, stretch: Double, excludesOutside: Bool,
    position: (Int) -> Double?, filter: (Double) -> Double
  ) -> AxisTaps {
    AxisTaps(outputSize: outputSize, sourceSize: inputSize) { output in
      guard let position = position(output) else { return [] }
      let reach = support * stretch
      let first = Int((position - reach).rounded(.down)) + 1
      let last = Int((position + reach).rounded(.up)) - 1
      var taps: [(source: Int, number: Int, weight: Double)] = []
      for source in first...last where !excludesOutside || (0..<inputSize).contains(source) {
        let weight = filter(abs(Double(source) - position) / stretch)
        if weight != 0 { taps.append((min(max(source, 0), inputSize - 1), 0, weight)) }
      }
      let sum = taps.reduce(0) { $0 + $1.weight }
      return sum == 0 ? [] : taps.map { ($0.source, 0, $0.weight / sum) }
    }
  }
}
