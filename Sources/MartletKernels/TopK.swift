/// The largest or smallest elements along one dimension, in order.
public enum TopKKernel {
  /// For each of `outer` × `inner` the first `k` of `count` elements, `inner` apart, and their indices, when those are
  /// sorted with the largest (or smallest) first and equal ones in the order in which they came. What is not a number
  /// counts as larger than all numbers.
  ///
  /// Outputs lie as the input does, with `k` elements along the dimension.
  public static func run(
    largest: Bool, k: Int, _ type: ElementType, x: UnsafeRawPointer, values: UnsafeMutableRawPointer,
    indices: UnsafeMutablePointer<Int64>, outer: Int, count: Int, inner: Int
  ) {
    func real<Element: BinaryFloatingPoint>(_: Element.Type) {
      select { (a: Element, b: Element) in
        largest ? a > b || (a.isNaN && !b.isNaN) : a < b || (b.isNaN && !a.isNaN)
      }
    }
    func whole<Element: FixedWidthInteger>(_: Element.Type) {
      select { (a: Element, b: Element) in largest ? a > b : a < b }
    }
    func select<Element>(_ precedes: (Element, Element) -> Bool) {
      let x = x.assumingMemoryBound(to: Element.self)
      let values = values.assumingMemoryBound(to: Element.self)
      Pieces.forEach(of: outer * inner, length: max(1, Pieces.elementCount / 4 / max(count, 1))) { lines in
        withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { allocation in
          var order = allocation
          for line in lines {
            let source = x + (line / inner * count * inner + line % inner)
            for i in 0..<count { order.initializeElement(at: i, to: i) }
            order.sort { a, b in
              let (first, second) = (source[a * inner], source[b * inner])
              return precedes(first, second) || (a < b && !precedes(second, first))
            }
            let target = line / inner * k * inner + line % inner
            for i in 0..<k {
              values[target + i * inner] = source[order[i] * inner]
              indices[target + i * inner] = Int64(order[i])
            }
          }
        }
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
}
