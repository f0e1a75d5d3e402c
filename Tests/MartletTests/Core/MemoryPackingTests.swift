import MartletKernels
import Testing

@testable import Martlet

@Suite("Packing of memory")
struct MemoryPackingTests {
  private static func requests(_ values: [(Int, ClosedRange<Int>)]) -> [MemoryPacking.Request] {
    values.map { MemoryPacking.Request(byteCount: $0.0, steps: $0.1) }
  }

  /// Largest first, these take 10 and 9 bytes.
  @Test(
    "takes the order that takes the fewest bytes",
    arguments: [
      ([(3, 0...4), (2, 3...4), (4, 3...4), (5, 1...2)], 9),
      ([(4, 2...4), (2, 0...3), (2, 2...3), (5, 0...1)], 8),
    ])
  func orders(_ values: [(Int, ClosedRange<Int>)], least: Int) {
    #expect(MemoryPacking(Self.requests(values)).byteCount == least)
  }

  @Test("keeps apart what is in use at the same time, whatever is asked for")
  func apart() {
    var random = PhiloxGenerator(seed: 3, stream: 1)
    for _ in 0..<300 {
      let requests = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        let (first, length) = (Int.random(in: 0...9, using: &random), Int.random(in: 0...6, using: &random))
        return MemoryPacking.Request(
          byteCount: Int.random(in: 1...40, using: &random), steps: first...first + length)
      }
      let packing = MemoryPacking(requests)
      #expect(packing.offsets.count == requests.count && packing.blocks.count == requests.count)
      for (i, one) in requests.enumerated() {
        let bytes = packing.offsets[i]..<packing.offsets[i] + one.byteCount
        #expect(bytes.lowerBound >= 0 && bytes.upperBound <= packing.byteCount)
        for (j, other) in requests.enumerated() where j < i && one.steps.overlaps(other.steps) {
          #expect(!bytes.overlaps(packing.offsets[j]..<packing.offsets[j] + other.byteCount), "\(requests)")
        }
      }
      if requests.isEmpty { #expect(packing.byteCount == 0) }
    }
  }
}
