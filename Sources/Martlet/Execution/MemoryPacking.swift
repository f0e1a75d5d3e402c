/// Where blocks lie in one stretch of memory that are each in use during some steps: those of two blocks that are in use
/// at the same step are apart.
///
/// The least memory is hard to find. Blocks are placed one after the other, each in the tightest gap between those that
/// it meets in time, in a few orders, of which the best is taken: the largest first, and where that leaves gaps those
/// that are large and long in use, or longest in use.
struct MemoryPacking: Sendable {
  /// A stretch of bytes and the steps during which it is in use.
  struct Block: Sendable {
    var offset: Int
    var byteCount: Int
    var steps: ClosedRange<Int>
  }

  struct Request {
    var byteCount: Int
    var steps: ClosedRange<Int>
  }

  /// One a request, in bytes.
  private(set) var offsets: [Int]
  /// The bytes that all of them take.
  private(set) var byteCount = 0
  /// By offset.
  private(set) var blocks: [Block] = []

  init(_ requests: [Request]) {
    let orders: [(Request) -> Double] = [
      { Double($0.byteCount) }, { Double($0.byteCount) * Double($0.steps.count) }, { Double($0.steps.count) },
    ]
    let least = Self.mostInUse(requests)
    self.init(requests, by: orders[0])
    for order in orders.dropFirst() where byteCount > least {
      let other = MemoryPacking(requests, by: order)
      if other.byteCount < byteCount { self = other }
    }
  }

  private init(_ requests: [Request], by weight: (Request) -> Double) {
    let weights = requests.map(weight)
    offsets = [Int](repeating: 0, count: requests.count)
    let order = requests.indices.sorted {
      (weights[$0], requests[$0].byteCount, $1) > (weights[$1], requests[$1].byteCount, $0)
    }
    for index in order {
      let request = requests[index]
      let offset = tightestGap(for: request)
      let block = Block(offset: offset, byteCount: request.byteCount, steps: request.steps)
      blocks.insert(block, at: blocks.firstIndex { $0.offset > offset } ?? blocks.endIndex)
      offsets[index] = offset
      byteCount = max(byteCount, offset + request.byteCount)
    }
  }

  private func tightestGap(for request: Request) -> Int {
    var best: (offset: Int, slack: Int)?
    var end = 0
    for block in blocks where block.steps.overlaps(request.steps) {
      if block.offset >= end + request.byteCount {
        let slack = block.offset - end - request.byteCount
        if best == nil || slack < best!.slack { best = (end, slack) }
      }
      end = max(end, block.offset + block.byteCount)
    }
    return best?.offset ?? end
  }

  /// The bytes in use at the step with the most: no packing takes less.
  private static func mostInUse(_ requests: [Request]) -> Int {
    var changes: [Int: Int] = [:]
    for request in requests {
      changes[request.steps.lowerBound, default: 0] += request.byteCount
      changes[request.steps.upperBound + 1, default: 0] -= request.byteCount
    }
    var (inUse, most) = (0, 0)
    for (_, change) in changes.sorted(by: { $0.key < $1.key }) {
      inUse += change
      most = max(most, inUse)
    }
    return most
  }
}
