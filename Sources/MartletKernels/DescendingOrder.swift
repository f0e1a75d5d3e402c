/// A floating-point type whose numbers of 0 and above are ordered as their bits.
protocol SortableReal: BinaryFloatingPoint {
  static var orderBitCount: Int { get }
  var orderBits: UInt64 { get }
}

extension Float: SortableReal {
  static var orderBitCount: Int { 32 }
  var orderBits: UInt64 { UInt64(bitPattern) }
}

extension Double: SortableReal {
  static var orderBitCount: Int { 64 }
  var orderBits: UInt64 { bitPattern }
}

/// Sorts values by keys, the largest key first and equal ones in the order in which they came: a radix sort, which takes
/// a few passes over the memory however the keys lie.
struct DescendingOrder {
  private let keyBits: Int
  private let capacity: Int
  private var count = 0
  private var keys: UnsafeMutablePointer<UInt64>
  private var values: UnsafeMutablePointer<Int32>
  private var spareKeys: UnsafeMutablePointer<UInt64>
  private var spareValues: UnsafeMutablePointer<Int32>

  private static let digitBits = 11

  /// Hands `body` an empty list for `count` keys, in the calling thread's scratch memory.
  static func with<Result>(count: Int, keyBits: Int, _ body: (inout DescendingOrder) -> Result) -> Result {
    var cursor = ScratchCursor(
      // An allocator may give nothing for nothing.
      threadScratch(64 + 2 * ScratchCursor.padded(count * 8) + 2 * ScratchCursor.padded(count * 4)))
    func take<Element>(_: Element.Type) -> UnsafeMutablePointer<Element> {
      cursor.take(count * MemoryLayout<Element>.stride).bindMemory(to: Element.self, capacity: max(count, 1))
    }
    var order = DescendingOrder(
      keyBits: keyBits, capacity: count, keys: take(UInt64.self), values: take(Int32.self),
      spareKeys: take(UInt64.self), spareValues: take(Int32.self))
    return body(&order)
  }

  mutating func append(key: UInt64, value: Int32) {
    precondition(count < capacity, "more keys than were said")
    keys[count] = key
    values[count] = value
    count += 1
  }

  /// The values in order.
  mutating func sorted() -> UnsafeBufferPointer<Int32> {
    let digits = 1 << Self.digitBits
    withUnsafeTemporaryAllocation(of: Int.self, capacity: digits) { ends in
      for shift in stride(from: 0, to: keyBits, by: Self.digitBits) {
        ends.initialize(repeating: 0)
        // The largest digit comes first.
        func digit(_ key: UInt64) -> Int {
          digits - 1 - Int(truncatingIfNeeded: key >> UInt64(shift)) & (digits - 1)
        }
        for index in 0..<count { ends[digit(keys[index])] += 1 }
        var start = 0
        for place in 0..<digits { (ends[place], start) = (start, start + ends[place]) }
        for index in 0..<count {
          let place = digit(keys[index])
          spareKeys[ends[place]] = keys[index]
          spareValues[ends[place]] = values[index]
          ends[place] += 1
        }
        swap(&keys, &spareKeys)
        swap(&values, &spareValues)
      }
    }
    return UnsafeBufferPointer(start: values, count: count)
  }
}
