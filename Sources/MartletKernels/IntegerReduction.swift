/// Reductions of dense arrays of integers, whose arithmetic wraps around.
public enum IntegerReduction {
  /// y = the reduction of x.
  ///
  /// - Parameters:
  ///   - shape: x's sizes in memory order.
  ///   - resultStrides: For each of them, how far apart neighbours along it are in the result; `nil` for those that are
  ///     reduced.
  ///   - resultCount: Elements of y.
  public static func run(
    _ function: ReductionFunction, _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutableRawPointer,
    shape: [Int], resultStrides: [Int?], resultCount: Int
  ) {
    let lines = Lines(shape: shape, resultStrides: resultStrides)
    func reduce<Element: FixedWidthInteger>(_: Element.Type) {
      lines.reduce(
        function, x.assumingMemoryBound(to: Element.self), y.assumingMemoryBound(to: Element.self),
        resultCount)
    }
    switch type {
    case .int32: reduce(Int32.self)
    case .int64: reduce(Int64.self)
    case .uint8, .bool: reduce(UInt8.self)
    case .float32, .float64: preconditionFailure("\(type) is not an integer type")
    }
  }

  /// The array as lines along its fastest dimension.
  private struct Lines {
    let length: Int
    let stride: Int
    let outer: [(size: Int, stride: Int)]

    init(shape: [Int], resultStrides: [Int?]) {
      length = shape.last ?? 1
      stride = resultStrides.last.flatMap { $0 } ?? 0
      outer = zip(shape, resultStrides).dropLast().map { ($0, $1 ?? 0) }
    }

    func reduce<Element: FixedWidthInteger>(
      _ function: ReductionFunction, _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>,
      _ resultCount: Int
    ) {
      let start: Element =
        switch function {
        case .sum, .sumOfSquares: 0
        case .product: 1
        case .maximum: .min
        case .minimum: .max
        }
      y.update(repeating: start, count: resultCount)
      for line in 0..<outer.reduce(1, { $0 * $1.size }) {
        var rest = line
        var offset = 0
        for dimension in outer.reversed() {
          offset += rest % dimension.size * dimension.stride
          rest /= dimension.size
        }
        let (from, to) = (x + line * length, y + offset)
        switch function {
        case .sum: for i in 0..<length { to[i * stride] &+= from[i] }
        case .sumOfSquares: for i in 0..<length { to[i * stride] &+= from[i] &* from[i] }
        case .product: for i in 0..<length { to[i * stride] &*= from[i] }
        case .maximum: for i in 0..<length { to[i * stride] = max(to[i * stride], from[i]) }
        case .minimum: for i in 0..<length { to[i * stride] = min(to[i * stride], from[i]) }
        }
      }
    }
  }

  /// For each of `outer` × `inner`: the first index among `count` elements, `inner` apart, of the largest or smallest.
  public static func argument(
    smallest: Bool, _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutablePointer<Int64>, outer: Int,
    count: Int, inner: Int
  ) {
    func search<Element: FixedWidthInteger & Sendable>(_: Element.Type) {
      let x = x.assumingMemoryBound(to: Element.self)
      Pieces.forEach(of: outer, length: max(1, Pieces.elementCount / max(count * inner, 1))) { range in
        for result in range.lowerBound * inner..<range.upperBound * inner {
          let line = x + (result / inner * count * inner + result % inner)
          var best = 0
          for i in 1..<max(count, 1) {
            let (new, old) = (line[i * inner], line[best * inner])
            if smallest ? new < old : new > old { best = i }
          }
          y[result] = Int64(best)
        }
      }
    }
    switch type {
    case .int32: search(Int32.self)
    case .int64: search(Int64.self)
    case .uint8, .bool: search(UInt8.self)
    case .float32, .float64: preconditionFailure("\(type) is not an integer type")
    }
  }
}
