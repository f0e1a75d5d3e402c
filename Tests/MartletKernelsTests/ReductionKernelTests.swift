import MartletKernels
import Testing

@Suite("Reduction kernels")
struct ReductionKernelTests {
  private func reduce(
    _ function: ReductionFunction, _ x: [Float], shape: [Int], resultStrides: [Int?]
  ) -> [Float] {
    let kernel = ReductionKernel(shape: shape, resultStrides: resultStrides)
    var y = [Float](repeating: .nan, count: kernel.resultCount)
    withUnsafeTemporaryAllocation(byteCount: max(kernel.workspaceByteCount, 8), alignment: 64) { workspace in
      x.withUnsafeBytes { x in
        y.withUnsafeMutableBytes { y in
          kernel.run(
            function, .float32, x: x.baseAddress!, y: y.baseAddress!, resultType: .float32,
            workspace: workspace.baseAddress!)
        }
      }
    }
    return y
  }

  /// Element by element, in double precision.
  private func naive(
    _ function: ReductionFunction, _ x: [Float], shape: [Int], resultStrides: [Int?]
  ) -> [Double] {
    let count = zip(shape, resultStrides).reduce(1) { $1.1 == nil ? $0 : $0 * $1.0 }
    var y = [Double?](repeating: nil, count: count)
    for (i, element) in x.enumerated() {
      var (rest, place) = (i, 0)
      for (size, stride) in zip(shape, resultStrides).reversed() {
        place += rest % size * (stride ?? 0)
        rest /= size
      }
      let value = function == .sumOfSquares ? Double(element) * Double(element) : Double(element)
      y[place] =
        y[place].map { old in
          switch function {
          case .sum, .sumOfSquares: old + value
          case .maximum: max(old, value)
          case .minimum: min(old, value)
          case .product: old * value
          }
        } ?? value
    }
    return y.map { $0 ?? 0 }
  }

  private struct Case {
    var shape: [Int]
    var strides: [Int?]
  }

  @Test("agree with a sum element by element, over any dimensions of any sizes, on every instruction set")
  func agreesWithNaive() {
    var generator = PhiloxGenerator(seed: 1, stream: 0)
    var cases = [
      Case(shape: [100_000], strides: [nil]), Case(shape: [3, 70_001], strides: [1, nil]),
      Case(shape: [5000, 3], strides: [nil, 1]), Case(shape: [5000, 40], strides: [nil, 1]),
      Case(shape: [20, 3000], strides: [nil, 1]), Case(shape: [3, 40, 2500], strides: [2500, nil, 1]),
      Case(shape: [4, 100, 3, 50], strides: [nil, 3, 1, nil]), Case(shape: [40_000, 2], strides: [1, nil]),
      Case(shape: [300, 7, 30], strides: [nil, 1, nil]), Case(shape: [2, 5000, 16], strides: [1, nil, 2]),
    ]
    for _ in 0..<60 {
      let shape = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
        Int.random(in: 1...13, using: &generator)
      }
      var strides = [Int?](repeating: nil, count: shape.count)
      // Kept dimensions lie in the result in any order.
      var next = 1
      for axis in shape.indices.shuffled(using: &generator) where Bool.random(using: &generator) {
        strides[axis] = next
        next *= shape[axis]
      }
      cases.append(Case(shape: shape, strides: strides))
    }
    for item in cases {
      let x = (0..<item.shape.reduce(1, *)).map { _ in Float(generator.uniform()) - 0.5 }
      for function in ReductionFunction.allCases {
        let expected = naive(function, x, shape: item.shape, resultStrides: item.strides)
        for set in InstructionSet.available {
          let got = InstructionSet.with(set) {
            ThreadPool.withThreadCount(1) {
              reduce(function, x, shape: item.shape, resultStrides: item.strides)
            }
          }
          let onThree = InstructionSet.with(set) {
            ThreadPool.withThreadCount(3) {
              reduce(function, x, shape: item.shape, resultStrides: item.strides)
            }
          }
          #expect(got == onThree, "\(set) \(function) \(item)")
          let isClose = zip(got, expected).allSatisfy { abs(Double($0) - $1) <= 1e-5 * max(1, abs($1)) }
          #expect(isClose, "\(set) \(function) \(item)")
        }
      }
    }
  }

  @Test("add ten million numbers to a millionth")
  func largeSumIsAccurate() {
    let count = 10_000_000
    var generator = PhiloxGenerator(seed: 2, stream: 0)
    let x = (0..<count).map { _ in Float(generator.uniform()) }
    let exact = x.reduce(0.0) { $0 + Double($1) }
    for set in InstructionSet.available {
      let (all, columns) = InstructionSet.with(set) {
        (
          reduce(.sum, x, shape: [count], resultStrides: [nil]),
          reduce(.sum, x, shape: [count / 20, 20], resultStrides: [nil, 1])
        )
      }
      #expect(abs(Double(all[0]) - exact) <= 1e-6 * exact, "\(set)")
      #expect(abs(columns.reduce(0) { $0 + Double($1) } - exact) <= 1e-6 * exact, "\(set)")
    }
  }

  @Test("say not a number where any element is")
  func extremesKeepNaN() {
    for set in InstructionSet.available {
      for place in [0, 3, 17, 99] {
        var x = (0..<100).map { Float($0) }
        x[place] = .nan
        for function in [ReductionFunction.maximum, .minimum] {
          InstructionSet.with(set) {
            #expect(reduce(function, x, shape: [100], resultStrides: [nil])[0].isNaN)
            let columns = reduce(function, x, shape: [50, 2], resultStrides: [nil, 1])
            #expect(columns[place % 2].isNaN && !columns[1 - place % 2].isNaN)
          }
        }
      }
    }
  }

  @Test("have a sum of 0 over nothing")
  func emptySum() {
    #expect(reduce(.sum, [], shape: [0, 3], resultStrides: [nil, 1]) == [0, 0, 0])
    #expect(reduce(.sum, [], shape: [0, 3], resultStrides: [1, nil]) == [])
  }
}
