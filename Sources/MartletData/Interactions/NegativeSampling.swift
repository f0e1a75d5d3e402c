import MartletKernels

/// Draws items that a user did not act on, each with the same chance.
struct NegativeSampling {
  private let philox: Philox
  private let itemCount: Int
  /// Draws that may meet an item of the user's before the items that are left are counted out.
  private static let patience = 32

  init(seed: UInt64, itemCount: Int) {
    philox = Philox(key: seed ^ 0x4e45_4741_5449_5645)
    self.itemCount = itemCount
  }

  /// An item from 1 on that is not among the user's, of which at least one must be left.
  ///
  /// It follows from the seed, the epoch and the example's number.
  func draw(epoch: Int, example: Int, avoiding items: ArraySlice<Int32>) -> Int32 {
    for attempt in 0..<Self.patience {
      let item = Int32(number(below: itemCount, epoch, example, attempt)) + 1
      if !items.contains(item) { return item }
    }
    // Nearly everything was acted on. The draw's place among what is left is found by stepping over the user's items.
    let taken = Set(items).sorted()
    var item = Int32(number(below: itemCount - taken.count, epoch, example, Self.patience)) + 1
    for other in taken where other <= item { item += 1 }
    return item
  }

  private func number(below limit: Int, _ epoch: Int, _ example: Int, _ attempt: Int) -> Int {
    let block = philox.block(
      UInt64(truncatingIfNeeded: example), UInt64(truncatingIfNeeded: epoch) << 8 | UInt64(attempt))
    let bits = UInt64(block[0]) | UInt64(block[1]) << 32
    return Int(bits.multipliedFullWidth(by: UInt64(limit)).high)
  }
}
