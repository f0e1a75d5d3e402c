import MartletKernels
import Testing

@Suite("Broadcasting loops")
struct BroadcastTests {
  /// y by definition: each operand read at Σ index · stride.
  private func naive(
    _ shape: [Int], _ a: [Float], _ sa: [Int], _ b: [Float], _ sb: [Int], _ f: (Float, Float) -> Float
  ) -> [Float] {
    (0..<shape.reduce(1, *)).map { i in
      var (rest, ia, ib) = (i, 0, 0)
      for d in shape.indices.reversed() {
        ia += rest % shape[d] * sa[d]
        ib += rest % shape[d] * sb[d]
        rest /= shape[d]
      }
      return f(a[ia], b[ib])
    }
  }

  @Test("read every operand where its strides say, for any shape, on every instruction set")
  func agreesWithDefinition() {
    var generator = PhiloxGenerator(seed: 3, stream: 0)
    var shapes = [[40_000, 3], [3, 40_000], [2, 70_000], [100, 3, 300], [70_001], [5000, 16]]
    for _ in 0..<80 {
      shapes.append(
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in Int.random(in: 1...9, using: &generator) })
    }
    for shape in shapes {
      // Dense strides in some order of the dimensions, zero along some.
      func operand() -> (values: [Float], strides: [Int]) {
        var strides = [Int](repeating: 0, count: shape.count)
        var next = 1
        let inOrder = Bool.random(using: &generator)
        let order = Array(shape.indices.reversed())
        for axis in inOrder ? order : order.shuffled(using: &generator)
        where Int.random(in: 0..<3, using: &generator) > 0 {
          strides[axis] = next
          next *= shape[axis]
        }
        return ((0..<next).map { _ in Float(generator.uniform()) - 0.5 }, strides)
      }
      let (a, b) = (operand(), operand())
      let condition = (0..<max(1, a.values.count)).map { _ in UInt8.random(in: 0...1, using: &generator) }
      let count = shape.reduce(1, *)
      let difference = naive(shape, a.values, a.strides, b.values, b.strides, -)
      let less = naive(shape, a.values, a.strides, b.values, b.strides) { $0 < $1 ? 1 : 0 }
      let floats = condition.map(Float.init)
      let chosen = zip(
        naive(shape, floats, a.strides, b.values, b.strides) { c, _ in c },
        zip(
          naive(shape, a.values, a.strides, b.values, b.strides) { x, _ in x },
          naive(shape, a.values, a.strides, b.values, b.strides) { _, x in x })
      ).map { $0 != 0 ? $1.0 : $1.1 }
      for set in InstructionSet.available {
        var y = [Float](repeating: .nan, count: count)
        var flags = [UInt8](repeating: 9, count: count)
        var selected = y
        InstructionSet.with(set) {
          a.values.withUnsafeBytes { pa in
            b.values.withUnsafeBytes { pb in
              let a = BroadcastOperand(start: pa.baseAddress!, strides: a.strides)
              let b = BroadcastOperand(start: pb.baseAddress!, strides: b.strides)
              y.withUnsafeMutableBytes {
                Elementwise.binary(.subtract, .float32, a, b, $0.baseAddress!, shape: shape)
              }
              flags.withUnsafeMutableBytes {
                Elementwise.compare(.less, .float32, a, b, $0.baseAddress!, shape: shape)
              }
              condition.withUnsafeBytes { pc in
                let c = BroadcastOperand(start: pc.baseAddress!, strides: a.strides)
                selected.withUnsafeMutableBytes {
                  Elementwise.select(.float32, condition: c, a, b, $0.baseAddress!, shape: shape)
                }
              }
            }
          }
        }
        #expect(y == difference, "\(set) \(shape) \(a.strides) \(b.strides)")
        #expect(flags.map(Float.init) == less, "\(set) \(shape)")
        #expect(selected == chosen, "\(set) \(shape)")
      }
    }
  }

  @Test("may write over an operand")
  func inPlace() {
    let x = (0..<100_000).map { Float($0) * 0.5 }
    for set in InstructionSet.available {
      var y = x
      InstructionSet.with(set) {
        y.withUnsafeMutableBytes { y in
          let operand = BroadcastOperand(start: UnsafeRawPointer(y.baseAddress!), strides: [1])
          Elementwise.binary(.add, .float32, operand, operand, y.baseAddress!, shape: [100_000])
        }
      }
      #expect(y == x.map { $0 + $0 })
    }
  }

  @Test("count what is not finite")
  func countsNotFinite() {
    var x = [Float](repeating: 1, count: 200_000)
    for (place, value) in [
      (0, Float.nan), (70_000, .infinity), (199_999, -.infinity), (5, .greatestFiniteMagnitude),
    ] {
      x[place] = value
    }
    for set in InstructionSet.available {
      let count = InstructionSet.with(set) {
        x.withUnsafeBytes { Elementwise.countNotFinite(.float32, $0.baseAddress!, count: x.count) }
      }
      #expect(count == 3, "\(set)")
    }
  }

  @Test("convert what does not fit to the nearest value that does")
  func casts() {
    let x: [Float] = [-1e30, 1e30, .nan, -1, 255.9, 256, 2_147_483_648, -2_147_483_648, .infinity]
    func cast<Target>(_ type: ElementType, _ zero: Target) -> [Target] {
      var y = [Target](repeating: zero, count: x.count)
      x.withUnsafeBytes { x in
        y.withUnsafeMutableBytes {
          Elementwise.cast(.float32, x.baseAddress!, to: type, $0.baseAddress!, count: 9)
        }
      }
      return y
    }
    #expect(
      cast(.int32, Int32(0)) == [.min, .max, 0, -1, 255, 256, .max, .min, .max])
    #expect(
      cast(.int64, Int64(0)) == [.min, .max, 0, -1, 255, 256, 2_147_483_648, -2_147_483_648, .max])
    #expect(cast(.uint8, UInt8(0)) == [0, 255, 0, 0, 255, 255, 255, 0, 255])
    #expect(cast(.bool, UInt8(0)) == [1, 1, 1, 1, 1, 1, 1, 1, 1])
  }
}
