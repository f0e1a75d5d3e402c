import MartletKernels

/// An order of numbers for each epoch.
enum EpochOrder {
  /// The numbers below a count, shuffled by the seed and the epoch alone.
  static func shuffled<Number: FixedWidthInteger>(
    _ count: Int, seed: UInt64, epoch: Int, as _: Number.Type = Number.self
  ) -> [Number] {
    var generator = PhiloxGenerator(
      seed: seed ^ 0x5348_5546_464c_4500, stream: UInt64(truncatingIfNeeded: epoch))
    var order = (0..<count).map { Number(truncatingIfNeeded: $0) }
    // Fisher and Yates, from the end. Spelled out, since the order is part of what a seed promises.
    order.withUnsafeMutableBufferPointer { order in
      for last in stride(from: order.count - 1, to: 0, by: -1) {
        let other = Int(generator.next().multipliedFullWidth(by: UInt64(last + 1)).high)
        order.swapAt(last, other)
      }
    }
    return order
  }
}
