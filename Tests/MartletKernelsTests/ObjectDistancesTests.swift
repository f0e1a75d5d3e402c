import Testing

@testable import MartletKernels

struct ObjectDistancesTests {
  private static func expectBruteForce(_ labels: [UInt8], _ width: Int, _ height: Int, reach: Double) {
    let found = labels.withUnsafeBufferPointer {
      ObjectDistances($0, width: width, height: height, reach: reach)
    }
    let objects = labels.withUnsafeBufferPointer {
      connectedComponents(
        of: $0, width: width, height: height, connectivity: .four, separatingClasses: true)
    }
    for pixel in labels.indices {
      var squares = [Int](repeating: .max, count: objects.count)
      for other in labels.indices where objects.labels[other] > 0 {
        let (dy, dx) = (other / width - pixel / width, other % width - pixel % width)
        let index = Int(objects.labels[other]) - 1
        squares[index] = min(squares[index], dy * dy + dx * dx)
      }
      let sorted = squares.sorted().map(Double.init) + [.infinity, .infinity]
      for (distance, expected) in [(found.nearest[pixel], sorted[0]), (found.second[pixel], sorted[1])] {
        // Farther objects may be there or not.
        let agrees = distance == expected || (expected > reach * reach && distance >= expected)
        #expect(agrees, "\(pixel): \(distance), \(expected), reach \(reach)")
      }
    }
  }

  @Test func agreeWithBruteForce() {
    for (seed, (width, height)) in [(23, 17), (1, 30), (30, 1), (16, 16)].enumerated() {
      let random = Philox(key: UInt64(seed))
      let labels = (0..<width * height).map { index -> UInt8 in
        let word = random.block(UInt64(index), 0)[0]
        return word % 10 < 2 ? UInt8(1 + (word >> 8) % 2) : 0
      }
      for reach in [0, 2.5, 6, 1000] { Self.expectBruteForce(labels, width, height, reach: reach) }
    }
  }

  @Test func withoutTwoObjectsThereIsNoSecond() {
    let one: [UInt8] = [0, 1, 1, 0]
    let found = one.withUnsafeBufferPointer { ObjectDistances($0, width: 4, height: 1, reach: 9) }
    #expect(found.nearest == [1, 0, 0, 1])
    #expect(found.second == [.infinity, .infinity, .infinity, .infinity])
    let none = [UInt8](repeating: 0, count: 4).withUnsafeBufferPointer {
      ObjectDistances($0, width: 2, height: 2, reach: 9)
    }
    #expect(none.nearest.allSatisfy { $0 == .infinity })
  }

  @Test func touchingObjectsOfTwoClassesAreTwo() {
    let labels: [UInt8] = [1, 2, 0]
    let found = labels.withUnsafeBufferPointer { ObjectDistances($0, width: 3, height: 1, reach: 9) }
    #expect(found.nearest == [0, 0, 1] && found.second == [1, 1, 4])
  }
}
