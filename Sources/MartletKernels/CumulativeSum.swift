/// Sums of all elements up to each along one dimension: `count` elements, `inner` apart, for each of `outer` × `inner`.
///
/// Floating point is added in double, integers wrap around. The output may lie on the input.
public struct CumulativeSumKernel {
  /// The sizes before the dimension, multiplied.
  public let outer: Int
  /// The dimension's size.
  public let count: Int
  /// The sizes behind the dimension, multiplied.
  public let inner: Int
  /// Whether an element itself is left out of its sum.
  public let isExclusive: Bool
  /// Whether sums run from the end.
  public let isReversed: Bool

  public init(outer: Int, count: Int, inner: Int, isExclusive: Bool, isReversed: Bool) {
    self.outer = outer
    self.count = count
    self.inner = inner
    self.isExclusive = isExclusive
    self.isReversed = isReversed
  }

  /// Writes the sums of `x` to `y`, which lies as `x` does.
  ///
  /// - Parameter type: Of both. Bool elements are added as bytes.
  public func run(_ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutableRawPointer) {
    func real<Element: BinaryFloatingPoint>(_: Element.Type) {
      run(x.assumingMemoryBound(to: Element.self), y.assumingMemoryBound(to: Element.self), Double(0)) {
        $0 += Double($1)
      } narrow: {
        Element($0)
      }
    }
    func whole<Element: FixedWidthInteger>(_: Element.Type) {
      run(x.assumingMemoryBound(to: Element.self), y.assumingMemoryBound(to: Element.self), Element(0)) {
        $0 &+= $1
      } narrow: {
        $0
      }
    }
    switch type {
    case .float32: real(Float.self)
    case .float64: real(Double.self)
    case .int32: whole(Int32.self)
    case .int64: whole(Int64.self)
    case .uint8, .bool: whole(UInt8.self)
    }
  }

  /// Columns that are summed side by side.
  private static let stripWidth = 64

  @inline(__always)
  private func run<Element, Sum>(
    _ x: UnsafePointer<Element>, _ y: UnsafeMutablePointer<Element>, _ zero: Sum,
    add: (inout Sum, Element) -> Void, narrow: (Sum) -> Element
  ) {
    guard outer * count * inner > 0 else { return }
    let strips = (inner + Self.stripWidth - 1) / Self.stripWidth
    let width = min(inner, Self.stripWidth)
    Pieces.forEach(of: outer * strips, length: max(1, Pieces.elementCount / (count * width))) { items in
      withUnsafeTemporaryAllocation(of: Sum.self, capacity: width) { sums in
        for item in items {
          let first = item % strips * Self.stripWidth
          let columns = min(Self.stripWidth, inner - first)
          for column in 0..<columns { sums.initializeElement(at: column, to: zero) }
          for step in 0..<count {
            let row = isReversed ? count - 1 - step : step
            let start = (item / strips * count + row) * inner + first
            for column in 0..<columns {
              let element = x[start + column]
              if isExclusive { y[start + column] = narrow(sums[column]) }
              add(&sums[column], element)
              if !isExclusive { y[start + column] = narrow(sums[column]) }
            }
          }
        }
      }
    }
  }
}
