import Testing

@testable import MartletKernels

struct DistanceTransformTests {
  private static func distances(_ mask: [UInt8], _ shape: [Int], _ spacing: [Double]) -> [Double] {
    mask.withUnsafeBufferPointer { squaredDistances(toZerosOf: $0, shape: shape, spacing: spacing) }
  }

  /// A share of `zeros` in a thousand.
  private static func mask(_ count: Int, zeros: Int) -> [UInt8] {
    let random = Philox(key: UInt64(zeros))
    return (0..<count).map { Int(random.block(UInt64($0), 0)[0] % 1000) < zeros ? 0 : 200 }
  }

  @Test func agreesWithSciPy() throws {
    for example in try RasterFixture.load().distances {
      let found = Self.distances(RasterFixture.digits(example.mask), example.shape, example.spacing)
      let expected = example.squared ?? [Double](repeating: .infinity, count: found.count)
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) {
        // SciPy's root and the square after it round too.
        #expect(a == b || abs(a - b) <= 1e-14 * b, "\(example.shape), \(example.spacing): \(a), \(b)")
      }
    }
  }

  /// Squares of whole distances are whole numbers, so nothing may be off.
  @Test func isExactOnAGridOfOnes() {
    for (height, width) in [(37, 61), (61, 37), (1, 300), (300, 1)] {
      for zeros in [2, 30, 500] {
        let mask = Self.mask(height * width, zeros: zeros)
        let sites = mask.indices.filter { mask[$0] == 0 }.map { ($0 / width, $0 % width) }
        let expected = mask.indices.map { index -> Double in
          let (row, column) = (index / width, index % width)
          let squares = sites.map { y, x -> Int in (y - row) * (y - row) + (x - column) * (x - column) }
          return squares.min().map(Double.init) ?? .infinity
        }
        #expect(Self.distances(mask, [height, width], [1, 1]) == expected, "\(height)×\(width), \(zeros)")
      }
    }
  }

  @Test func volumesWithASpacingOfTheirOwn() {
    let (shape, spacing) = ([7, 11, 9], [4.0, 0.5, 2.0])
    let mask = Self.mask(7 * 11 * 9, zeros: 10)
    func place(_ index: Int) -> [Int] { [index / 99, index / 9 % 11, index % 9] }
    let sites = mask.indices.filter { mask[$0] == 0 }.map(place)
    let expected = mask.indices.map { index -> Double in
      let from = place(index)
      let squares = sites.map { site -> Double in
        var sum = 0.0
        for axis in 0..<3 {
          let distance = Double(site[axis] - from[axis]) * spacing[axis]
          sum += distance * distance
        }
        return sum
      }
      return squares.min() ?? .infinity
    }
    // All of these numbers are sums of quarters: exact.
    #expect(Self.distances(mask, shape, spacing) == expected)
  }

  @Test func nothingToMeasure() {
    #expect(Self.distances([], [0, 5], [1, 1]).isEmpty)
    #expect(Self.distances([], [5, 0], [1, 1]).isEmpty)
    #expect(Self.distances([1, 1, 1, 1], [2, 2], [1, 1]) == [.infinity, .infinity, .infinity, .infinity])
    #expect(Self.distances([0, 0], [1, 2], [1, 1]) == [0, 0])
  }

  @Test func anyNumberOfThreadsGivesTheSameBytes() async {
    // In a process of its own, where no other test has the pool.
    await #expect(processExitsWith: .success) {
      let mask = Self.mask(30 * 90 * 70, zeros: 1)
      let found = [1, 2, 3, 7].map { threads in
        ThreadPool.withThreadCount(threads) {
          Self.distances(mask, [30, 90, 70], [1.3, 0.7, 0.9]).map(\.bitPattern)
        }
      }
      #expect(found.allSatisfy { $0 == found[0] })
    }
  }

  @Test func readsNothingBesideTheMask() {
    for placement in TestMemory.Placement.allCases {
      let memory = TestMemory(placement)
      let buffer = UnsafeBufferPointer(
        start: UnsafePointer(memory.copy([1, 1, 0, 1, 1, 1] as [UInt8])), count: 6)
      #expect(squaredDistances(toZerosOf: buffer, shape: [2, 3], spacing: [1, 1]) == [4, 1, 0, 5, 2, 1])
    }
  }
}
