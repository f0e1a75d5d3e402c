import Martlet
import Testing

@Suite("Element-wise operations and their input")
struct ElementwiseBehaviourTests {
  @Test("refuse what does not broadcast, naming both shapes")
  func misfits() throws {
    let error = #expect(throws: MartletError.self) { _ = try Tensor.zeros([2, 3]) + Tensor.zeros([4]) }
    #expect(error?.description == "[add] expected shapes that broadcast, got [2, 3] and [4]")
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]) + Tensor.zeros([2], .float64) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .int64) / Tensor.zeros([2], .int64) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .int64).exp() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .bool).abs() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]).bitwiseAnd(.zeros([2])) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .int64).isInfinite() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]).celu(width: 0) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]).sum(axes: [1]) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]).sum(axes: [0, -1]) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([0]).max() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2, 0]).argmax(axis: 1) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2, 0], .int32).argmax(axis: 1) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .bool).argmin(axis: 0) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]).argmax(axis: 7, selectsLast: true) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .int32).mean() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .bool).sum() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([0], .int64).max() }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2]).cumulativeSum(axis: 1) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2], .bool).cumulativeSum(axis: 0) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2, 3]).softmax(axis: 2) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2, 3]).broadcast(to: [2, 4]) }
    #expect(throws: MartletError.self) { _ = try Tensor.zeros([2, 3]).dropout(probability: 1.5, stream: 0) }
    #expect(throws: MartletError.self) {
      _ = try Tensor.select(Tensor.zeros([2]), Tensor.zeros([2]), Tensor.zeros([2]))
    }
  }

  @Test("integer division refuses 0 and survives the smallest number", arguments: [ScalarType.int32, .int64])
  func integerDivision(_ scalar: ScalarType) throws {
    let smallest: Double = scalar == .int32 ? -0x1p31 : -0x1p63
    let x = try Tensor(shape: [3], scalars: [smallest, 7, -7]).cast(to: scalar)
    let y = try Tensor(shape: [3], scalars: [-1.0, -1, 2]).cast(to: scalar)
    #expect(
      try x.truncatedQuotient(dividingBy: y).cast(to: .float64).scalars(Double.self) == [smallest, -7, -3])
    #expect(try x.remainder(dividingBy: y).cast(to: .float64).scalars(Double.self) == [0, 0, 1])
    #expect(try (-x).cast(to: .float64).scalars(Double.self) == [smallest, -7, 7])
    let zeros = try Tensor.zeros([3], scalar)
    #expect(throws: MartletError.self) { try x.truncatedQuotient(dividingBy: zeros) }
    #expect(throws: MartletError.self) { try x.remainder(dividingBy: zeros) }
    #expect(throws: MartletError.self) { try x.truncatedRemainder(dividingBy: zeros) }
    let none = try Tensor.zeros([0, 3], scalar)
    #expect(try none.remainder(dividingBy: zeros).shape == [0, 3])
  }

  @Test("shifts by all bits leave nothing, and negative powers of integers are 0")
  func limitsOfIntegers() throws {
    let x = try Tensor(shape: [4], scalars: [5, -5, 1, -1] as [Int32])
    let all = try Tensor.full(32, TensorType([], .int32))
    let minus = try Tensor.full(-3, TensorType([], .int32))
    #expect(try x.shiftedLeft(by: all).scalars(Int32.self) == [0, 0, 0, 0])
    #expect(try x.shiftedRight(by: all).scalars(Int32.self) == [0, -1, 0, -1])
    #expect(try x.shiftedLeft(by: minus).scalars(Int32.self) == [0, 0, 0, 0])
    #expect(try x.power(minus).scalars(Int32.self) == [0, 0, 1, -1])
  }

  @Test("take an empty batch")
  func emptyBatch() throws {
    for layout in [Layout.rowMajor, .channelsLast] {
      let x = try Tensor(shape: [0, 3, 4, 4], scalars: [Float](), layout: layout)
      let bias = try Tensor.ones([3, 1, 1])
      #expect(try (x.relu() + bias).shape == [0, 3, 4, 4])
      #expect(try x.softmax(axis: 1).shape == [0, 3, 4, 4])
      #expect(try x.sum(axes: [0, 2, 3]).scalars(Float.self) == [0, 0, 0])
      #expect(try x.mean().item(Float.self).isNaN)
      #expect(try x.product(axes: [0, 2, 3]).scalars(Float.self) == [1, 1, 1])
      #expect(try x.cast(to: .int32).product(axes: [0, 2, 3]).scalars(Int32.self) == [1, 1, 1])
      #expect(try x.cumulativeSum(axis: 2).shape == x.shape)
      #expect(try x.reversed(axis: 0).shape == x.shape)
      #expect(try x.argmax(axis: 1).shape == [0, 4, 4])
      #expect(try x.isAllFinite().item(Bool.self))
      #expect(try x.dropout(probability: 0.5, stream: 1).elementCount == 0)
    }
  }

  @Test("mix layouts and keep the channels-last one")
  func mixedLayouts() throws {
    let values = (0..<2 * 3 * 4 * 5).map { Float($0) }
    let last = try Tensor(shape: [2, 3, 4, 5], scalars: values, layout: .channelsLast)
    let major = try Tensor(shape: [2, 3, 4, 5], scalars: values)
    for sum in [try last + major, try major + last] {
      #expect(sum.layout == .channelsLast)
      #expect(try sum.scalars(Float.self) == values.map { 2 * $0 })
    }
    let lower = try Tensor(shape: [3, 4, 5], scalars: Array(values.prefix(60)))
    let first = try Tensor(shape: [1, 3, 1, 1], scalars: [1, 2, 3] as [Float], layout: .channelsLast)
    #expect(try (lower * first).scalars(Float.self) == (0..<60).map { Float($0 * ($0 / 20 + 1)) })
  }

  @Test(
    "compare with numbers that their element type has not",
    arguments: [ScalarType.int32, .int64, .uint8, .float32])
  func comparisonsWithNumbers(_ scalar: ScalarType) throws {
    let x = try Tensor(shape: [3], scalars: [1, 2, 3] as [Int64]).cast(to: scalar)
    func bools(_ tensor: Tensor) throws -> [Bool] { try tensor.scalars(Bool.self) }
    #expect(try bools(x.less(than: 2.5)) == [true, true, false])
    #expect(try bools(x.greaterOrEqual(to: 1.5)) == [false, true, true])
    #expect(try bools(x.equal(to: 2.5)) == [false, false, false])
    #expect(try bools(x.notEqual(to: 2)) == [true, false, true])
    #expect(try bools(x.less(than: 1e30)) == [true, true, true])
    #expect(try bools(x.lessOrEqual(to: -.infinity)) == [false, false, false])
    #expect(try bools(x.greater(than: -0.5)) == [true, true, true])
    #expect(try bools(x.notEqual(to: .nan)) == [true, true, true])
  }

  @Test("the largest of lines that there are none of")
  func argmaxOfNothing() throws {
    for scalar in [ScalarType.float32, .float64, .int32] {
      #expect(try Tensor.zeros([2, 0], scalar).argmax(axis: 0).shape == [0])
      #expect(try Tensor.zeros([0, 3, 2], scalar).argmin(axis: 1).shape == [0, 2])
      #expect(try Tensor.zeros([2, 3, 0], scalar).argmin(axis: 1).shape == [2, 0])
    }
  }

  @Test("know what is finite")
  func allFinite() throws {
    #expect(try Tensor.ones([3]).isAllFinite().item(Bool.self))
    for value in [Float.nan, .infinity, -.infinity] {
      #expect(try !Tensor(shape: [3], scalars: [0, value, 1]).isAllFinite().item(Bool.self))
    }
  }

  @Test("drop the same elements forward and backward, by seed, step and stream alone")
  func dropoutMask() throws {
    let type = TensorType([2, 3, 40, 50])
    let x = try Tensor.normal(type, seed: 1, stream: 0)
    let function = try Function([type], mode: .training) { arguments in
      let y = try arguments[0].dropout(probability: 0.4, stream: 9)
      return [y] + (try gradients(of: y.sum(), withRespectTo: arguments))
    }
    let random = RandomState(seed: 5, step: 17)
    let results = try function([x], random: random)
    let (y, slope) = (try results[0].scalars(Float.self), try results[1].scalars(Float.self))
    #expect(zip(try x.scalars(Float.self), zip(y, slope)).allSatisfy { $1.0 == $0 * $1.1 })
    #expect(slope.contains(0) && slope.contains(Float(1 / 0.6)))
    #expect(try function([x], random: random)[0].scalars(Float.self) == y)
    #expect(try function([x], random: RandomState(seed: 5, step: 18))[0].scalars(Float.self) != y)
    #expect(try function([x], random: RandomState(seed: 6, step: 17))[0].scalars(Float.self) != y)
  }
}
