import MartletKernels
import Testing

@Suite("Strided copies", .serialized)
struct StridedCopyTests {
  /// Every element's place on both sides, by plain loops.
  static func expected<Element>(
    _ source: [Element], into target: [Element], _ shape: [Int], _ from: [Int], _ to: [Int]
  ) -> [Element] {
    var result = target
    for index in 0..<shape.reduce(1, *) {
      var rest = index
      var a = 0
      var b = 0
      for axis in shape.indices.reversed() {
        a += rest % shape[axis] * from[axis]
        b += rest % shape[axis] * to[axis]
        rest /= shape[axis]
      }
      result[b] = source[a]
    }
    return result
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var shape: [Int]
    var from: [Int]
    var to: [Int]
    var testDescription: String { "\(shape) from \(from) to \(to)" }
  }

  static let cases: [Case] = [
    Case(shape: [], from: [], to: []),
    Case(shape: [7], from: [1], to: [1]),
    Case(shape: [100_003], from: [1], to: [1]),
    Case(shape: [50_000], from: [2], to: [1]),
    Case(shape: [300, 64], from: [64, 1], to: [192, 1]),
    Case(shape: [3000, 16], from: [48, 1], to: [32, 1]),
    Case(shape: [300, 9], from: [11, 1], to: [10, 1]),
    Case(shape: [300, 37], from: [1, 300], to: [37, 1]),
    Case(shape: [37, 3000], from: [1, 37], to: [3000, 1]),
    Case(shape: [48, 64], from: [1, 48], to: [64, 1]),
    Case(shape: [5, 48, 640], from: [48 * 640, 1, 48], to: [48 * 640, 640, 1]),
    Case(shape: [4, 5, 6, 7], from: [210, 42, 7, 1], to: [1, 4, 20, 120]),
    Case(shape: [4, 5, 6, 7], from: [210, 42, 7, 1], to: [210, 1, 35, 5]),
    Case(shape: [4, 0, 6], from: [6, 6, 1], to: [6, 6, 1]),
    Case(shape: [3, 1, 5], from: [5, 999, 1], to: [5, 7, 1]),
  ]

  @Test("agree with plain loops for every element size and instruction set", arguments: cases)
  func agree(_ test: Case) {
    func reach(_ strides: [Int]) -> Int {
      1 + zip(test.shape, strides).reduce(0) { $0 + max($1.0 - 1, 0) * $1.1 }
    }
    func check<Element: FixedWidthInteger>(_: Element.Type) {
      let source = (0..<reach(test.from)).map { Element(truncatingIfNeeded: $0 &* 2_654_435_761) }
      let empty = [Element](repeating: 85, count: reach(test.to))
      let wanted = Self.expected(source, into: empty, test.shape, test.from, test.to)
      for set in InstructionSet.available {
        for threads in [1, 2] {
          var target = empty
          InstructionSet.with(set) {
            ThreadPool.withThreadCount(threads) {
              StridedCopy(
                shape: test.shape, sourceStrides: test.from, targetStrides: test.to,
                elementByteCount: MemoryLayout<Element>.size
              ).run(from: source, to: &target)
            }
          }
          #expect(target == wanted, "\(set), \(threads) threads, \(Element.self)")
        }
      }
    }
    check(UInt8.self)
    check(UInt32.self)
    check(UInt64.self)
  }

  @Test("copies too large for the caches are whole", arguments: InstructionSet.available)
  func large(_ set: InstructionSet) {
    // Two halves of every row, as when channels are joined; one of them not on a line's boundary.
    let rows = 140_000
    let source = (0..<rows * 32).map { UInt32($0) }
    for width in [32 + 32, 32 + 5] {
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: rows * width * 4, alignment: 64)
      defer { buffer.deallocate() }
      let target = buffer.bindMemory(to: UInt32.self, capacity: rows * width)
      InstructionSet.with(set) {
        StridedCopy(
          shape: [rows, 32], sourceStrides: [32, 1], targetStrides: [width, 1], elementByteCount: 4
        )
        .run(from: source, to: buffer)
      }
      var wrong = 0
      for row in 0..<rows {
        for i in 0..<32 where target[row * width + i] != UInt32(row * 32 + i) { wrong += 1 }
      }
      #expect(wrong == 0)
    }
  }
}
