import Foundation

/// The scale of a chart's axis, chosen so that its marks are round numbers.
struct ChartAxis: Hashable {
  let lower: Double
  let upper: Double
  let isLogarithmic: Bool
  let marks: [Double]

  /// A linear axis over the values with about `count` steps of 1, 2 or 5 times a power of ten.
  ///
  /// - Parameter wholeNumbers: Whether steps below 1 make no sense.
  static func linear(
    _ values: [Double], count: Int = 4, startingAtZero: Bool = false, wholeNumbers: Bool = false
  ) -> ChartAxis {
    let finite = values.filter(\.isFinite)
    var lower = finite.min() ?? 0
    var upper = finite.max() ?? 1
    if startingAtZero { lower = min(lower, 0) }
    if upper <= lower {
      // One value only: room on both sides of it.
      let margin = wholeNumbers ? 1 : max(abs(upper) / 2, 1e-6)
      lower = startingAtZero ? lower : lower - margin
      upper += margin
    }
    var step = roundStep((upper - lower) / Double(count))
    if wholeNumbers { step = max(step, 1) }
    let first = (lower / step + 1e-9).rounded(.down)
    let last = (upper / step - 1e-9).rounded(.up)
    let marks = stride(from: first, through: last, by: 1).map { $0 * step }
    return ChartAxis(lower: first * step, upper: last * step, isLogarithmic: false, marks: marks)
  }

  /// An axis of whole numbers that ends where the values end.
  static func steps(_ values: [Int], count: Int = 6) -> ChartAxis {
    let axis = linear(values.map(Double.init), count: count, wholeNumbers: true)
    let lower = Double(values.min() ?? 0)
    let upper = Double(values.max() ?? 1)
    guard upper > lower else {
      return ChartAxis(lower: lower - 1, upper: lower + 1, isLogarithmic: false, marks: [lower])
    }
    let step = axis.marks.count > 1 ? axis.marks[1] - axis.marks[0] : 1
    // The first is always marked; another one that is too close to it gives way.
    let marks = [lower] + axis.marks.filter { $0 > lower + step * 0.6 && $0 <= upper }
    return ChartAxis(lower: lower, upper: upper, isLogarithmic: false, marks: marks)
  }

  /// An axis of powers of ten, with marks at 1, 2 and 5 where there are few.
  static func logarithmic(_ values: [Double]) -> ChartAxis {
    let finite = values.filter { $0.isFinite && $0 > 0 }
    guard let least = finite.min(), let most = finite.max() else { return linear(values) }
    let factors: [Double] = log10(most / least) > 3 ? [1] : log10(most / least) > 1.5 ? [1, 3] : [1, 2, 5]
    let exponents = Int(log10(least).rounded(.down)) - 1...Int(log10(most).rounded(.up)) + 1
    let all = exponents.flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }
    let lower = all.last { $0 <= least * (1 + 1e-9) } ?? least
    let upper = all.first { $0 >= most * (1 - 1e-9) && $0 > lower } ?? most
    return ChartAxis(
      lower: lower, upper: upper, isLogarithmic: true, marks: all.filter { $0 >= lower && $0 <= upper })
  }

  /// Where a value lies on the axis: 0 at its lower end, 1 at its upper.
  func position(_ value: Double) -> Double {
    isLogarithmic
      ? log(max(value, lower) / lower) / log(upper / lower) : (value - lower) / (upper - lower)
  }

  /// A mark's text, with as many digits as tell it from its neighbours.
  func label(_ mark: Double) -> String {
    let step = isLogarithmic ? mark : marks.count > 1 ? marks[1] - marks[0] : max(abs(mark), 1e-9)
    if abs(mark) < step * 1e-6 { return "0" }
    let digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    let plain = String(format: "%.\(digits)f", mark)
    guard step < 1e-3 || abs(mark) >= 1e5 else { return plain }
    // Six characters have room beside the axis.
    let scientific = Self.scientific(mark, digits: max(0, Int((log10(abs(mark) / step) - 1e-9).rounded(.up))))
    return scientific.count < plain.count ? scientific : plain
  }

  private static func scientific(_ value: Double, digits: Int) -> String {
    let parts = String(format: "%.\(digits)e", value).split(separator: "e")
    var mantissa = parts[0]
    if mantissa.contains(".") {
      while mantissa.hasSuffix("0") { mantissa.removeLast() }
      if mantissa.hasSuffix(".") { mantissa.removeLast() }
    }
    return "\(mantissa)e\(Int(parts[1]) ?? 0)"
  }

  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    let fraction = step / power
    return power * (fraction < 1.5 ? 1 : fraction < 3.5 ? 2 : fraction < 7.5 ? 5 : 10)
  }
}
