import CMartletKernels

/// Along one space axis: which input positions every output position reads, with the tap's number and its weight.
///
/// Pooling windows and interpolation are both of this form, and so are their gradients, by turning it round.
public struct AxisTaps: Hashable, Sendable {
  /// Positions on the side that is computed, and on the side that is read.
  public let outputSize: Int
  /// Positions on the side that is read.
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

  /// The taps of a window from `begin` on that fall below a limit, from the first one at 0 or above.
  private static func covered(begin: Int, kernel: Int, dilation: Int, limit: Int) -> Range<Int> {
    let lower = begin >= 0 ? 0 : (dilation - 1 - begin) / dilation
    let upper = limit <= begin ? 0 : min(kernel, (limit - begin + dilation - 1) / dilation)
    return min(lower, upper)..<upper
  }

  /// A sliding window: taps that fall on padding are left out, numbers count all of the window's taps.
  public static func window(
    inputSize: Int, outputSize: Int, kernel: Int, stride: Int, padding: Int, dilation: Int
  ) -> AxisTaps {
    var taps = AxisTaps(outputSize: outputSize, sourceSize: inputSize)
    for output in 0..<outputSize {
      let begin = output * stride - padding
      for tap in covered(begin: begin, kernel: kernel, dilation: dilation, limit: inputSize) {
        taps.add(begin + tap * dilation, number: tap, weight: 1)
      }
      taps.endOutput()
    }
    return taps
  }

  /// What the sum over a window is divided by.
  public enum Divisor: Hashable, Sendable {
    /// The taps on the input and its padding; beyond that no window counts.
    case paddedInput
    /// The taps on the input.
    case input
    case one
  }

  /// The sum over a sliding window, divided.
  public static func average(
    inputSize: Int, outputSize: Int, kernel: Int, stride: Int, padding: Int, paddingAfter: Int, dilation: Int,
    divisor: Divisor
  ) -> AxisTaps {
    var taps = AxisTaps(outputSize: outputSize, sourceSize: inputSize)
    for output in 0..<outputSize {
      let begin = output * stride - padding
      let onInput = covered(begin: begin, kernel: kernel, dilation: dilation, limit: inputSize)
      let count: Int =
        switch divisor {
        case .paddedInput:
          covered(begin: begin, kernel: kernel, dilation: dilation, limit: inputSize + paddingAfter)
            .upperBound
        case .input: onInput.count
        case .one: 1
        }
      for tap in onInput { taps.add(begin + tap * dilation, number: tap, weight: 1 / Double(count)) }
      taps.endOutput()
    }
    return taps
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

  /// For each output, whether it reads anything.
  public var hasTaps: [Bool] { zip(starts, starts.dropFirst()).map { $0 < $1 } }

  /// The most taps that an output has.
  var largestCount: Int { zip(starts, starts.dropFirst()).map { Int($1 - $0) }.max() ?? 0 }
}
