import CMartletKernels

/// Along one space axis: which input positions every output position reads, with the tap's number and its weight.
///
/// Pooling windows and interpolation are both of this form, and so are their gradients, by turning it round.
public struct AxisTaps: Sendable {
  /// Positions on the side that is computed, and on the side that is read.
  public let outputSize: Int
  public let sourceSize: Int
  /// The taps of output `o` are those from starts[o] to starts[o + 1].
  var starts: [Int32]
  var sources: [Int32] = []
  var numbers: [Int32] = []
  var weights: [Double] = []

  init(outputSize: Int, sourceSize: Int) {
    self.outputSize = outputSize
    self.sourceSize = sourceSize
    starts = [0]
    starts.reserveCapacity(outputSize + 1)
  }

  private mutating func add(_ source: Int, number: Int, weight: Double) {
    sources.append(Int32(source))
    numbers.append(Int32(number))
    weights.append(weight)
  }

  private mutating func endOutput() { starts.append(Int32(sources.count)) }

  /// An axis that is left as it is.
  public static func identity(_ size: Int) -> AxisTaps {
    AxisTaps(outputSize: size, sourceSize: size) { [($0, 0, 1)] }
  }

  /// Taps given by a function of the output position: source, number, weight.
  public init(outputSize: Int, sourceSize: Int, _ taps: (Int) -> [(Int, Int, Double)]) {
    self.init(outputSize: outputSize, sourceSize: sourceSize)
    for output in 0..<outputSize {
      for (source, number, weight) in taps(output) { add(source, number: number, weight: weight) }
      endOutput()
    }
  }

  /// A sliding window: taps that fall on padding are left out, numbers count all of the window's taps.
  public static func window(
    inputSize: Int, outputSize: Int, kernel: Int, stride: Int, padding: Int, dilation: Int
  ) -> AxisTaps {
    var taps = AxisTaps(outputSize: outputSize, sourceSize: inputSize)
    for output in 0..<outputSize {
      for k in 0..<kernel {
        let source = output * stride - padding + k * dilation
        if source >= 0, source < inputSize { taps.add(source, number: k, weight: 1) }
      }
      taps.endOutput()
    }
    return taps
  }

  /// An average over a sliding window. With `countsPadding` the divisor is the window clipped to the padded input,
  /// otherwise the taps that fall on the input.
  public static func average(
    inputSize: Int, outputSize: Int, kernel: Int, stride: Int, padding: Int, countsPadding: Bool
  ) -> AxisTaps {
    var taps = AxisTaps(outputSize: outputSize, sourceSize: inputSize)
    for output in 0..<outputSize {
      let begin = output * stride - padding
      let end = min(begin + kernel, inputSize + padding)
      let sources = max(begin, 0)..<max(min(end, inputSize), max(begin, 0))
      let weight = 1 / Double(countsPadding ? end - begin : sources.count)
      for source in sources { taps.add(source, number: source - begin, weight: weight) }
      taps.endOutput()
    }
    return taps
  }

  /// The nearest input at or below each output's position, by the rule of PyTorch's `nearest`, whose arithmetic is in
  /// single precision.
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

  /// The two inputs on either side of each output's position, as PyTorch's `linear`, `bilinear` and `trilinear`.
  ///
  /// - Parameters:
  ///   - scale: As for ``nearest(inputSize:outputSize:scale:)``; not used with `alignCorners`.
  ///   - alignCorners: Whether the centres of the outer elements coincide, rather than their outer edges.
  public static func linear(inputSize: Int, outputSize: Int, scale: Double?, alignCorners: Bool) -> AxisTaps {
    let ratio: Double =
      if alignCorners {
        outputSize > 1 ? Double(inputSize - 1) / Double(outputSize - 1) : 0
      } else if let scale, scale > 0 {
        1 / scale
      } else {
        Double(inputSize) / Double(max(outputSize, 1))
      }
    return AxisTaps(outputSize: outputSize, sourceSize: inputSize) { output in
      if outputSize == inputSize { return [(output, 0, 1)] }
      let position = alignCorners ? ratio * Double(output) : max(ratio * (Double(output) + 0.5) - 0.5, 0)
      let low = min(Int(position), inputSize - 1)
      let high = min(low + 1, inputSize - 1)
      let share = min(max(position - Double(low), 0), 1)
      return [(low, 0, 1 - share), (high, 0, share)]
    }
  }

  /// The same taps seen from the inputs: what each input's gradient is gathered from.
  public var transposed: AxisTaps {
    var turned = AxisTaps(outputSize: sourceSize, sourceSize: outputSize)
    var counts = [Int32](repeating: 0, count: sourceSize + 1)
    for source in sources { counts[Int(source) + 1] += 1 }
    for i in 0..<sourceSize { counts[i + 1] += counts[i] }
    turned.starts = counts
    turned.sources = [Int32](repeating: 0, count: sources.count)
    turned.numbers = turned.sources
    turned.weights = [Double](repeating: 0, count: sources.count)
    for output in 0..<outputSize {
      for tap in Int(starts[output])..<Int(starts[output + 1]) {
        let at = Int(counts[Int(sources[tap])])
        counts[Int(sources[tap])] += 1
        turned.sources[at] = Int32(output)
        turned.numbers[at] = numbers[tap]
        turned.weights[at] = weights[tap]
      }
    }
    return turned
  }

  /// The most taps that an output has.
  var largestCount: Int { zip(starts, starts.dropFirst()).map { Int($1 - $0) }.max() ?? 0 }
}
