import Testing

@testable import MartletKernels

struct DescendingOrderTests {
  private static func order<Scalar: SortableReal>(_ keys: [Scalar]) -> [Int32] {
    DescendingOrder.with(count: keys.count, keyBits: Scalar.orderBitCount) { order in
      for (index, key) in keys.enumerated() { order.append(key: key.orderBits, value: Int32(index)) }
      return Array(order.sorted())
    }
  }

  private static func expected<Scalar: SortableReal>(_ keys: [Scalar]) -> [Int32] {
    keys.indices.sorted { keys[$0] == keys[$1] ? $0 < $1 : keys[$0] > keys[$1] }.map(Int32.init)
  }

  /// As they come from operations without a result, with their sign.
  @Test func takesWhatIsNotANumber() {
    #expect(Self.order([1, -Double.nan, 2]).sorted() == [0, 1, 2])
    #expect(Self.order([1, -Float.nan, 2]).sorted() == [0, 1, 2])
  }

  @Test func sortsAsTheStandardLibraryAndKeepsTheOrderOfEqualKeys() {
    for count in [0, 1, 2, 3, 100, 5000] {
      let random = Philox(key: UInt64(count))
      let words = (0..<count).map { random.block(UInt64($0), 0)[0] }
      // Many sizes, zeros, and many ties.
      let reals = words.map { $0 % 5 == 0 ? 0 : Double($0 % 97) * Double($0 >> 7) * 1e-9 }
      #expect(Self.order(reals) == Self.expected(reals), "\(count)")
      let singles = words.map { $0 % 7 == 0 ? Float($0 % 11) : Float(bitPattern: $0 >> 2) }
      #expect(Self.order(singles) == Self.expected(singles), "\(count)")
      let extremes = words.map {
        [0, .leastNonzeroMagnitude, .infinity, .greatestFiniteMagnitude, 1][Int($0 % 5)]
      }
      #expect(Self.order(extremes as [Double]) == Self.expected(extremes), "\(count)")
    }
  }
}
