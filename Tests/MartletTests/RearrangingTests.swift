import Martlet
import Testing

@Suite("Rearranging and indexing at their edges")
struct RearrangingTests {
  @Test("slices go as Python's do, backwards too")
  func slices() throws {
    let x = try Tensor.range(from: 0, to: 6)
    func taken(_ from: Int?, _ to: Int?, _ step: Int) throws -> [Int64] {
      try x.sliced(axis: 0, from: from, to: to, step: step).scalars(Int64.self)
    }
    #expect(try taken(nil, nil, -1) == [5, 4, 3, 2, 1, 0])
    #expect(try taken(-2, nil, -2) == [4, 2, 0])
    #expect(try taken(4, 1, -1) == [4, 3, 2])
    #expect(try taken(.max, .min, -4) == [5, 1])
    #expect(try taken(1, 4, -1) == [])
    #expect(try taken(4, -100, -3) == [4, 1])
    #expect(try taken(nil, nil, .min) == [5])
    #expect(try taken(-100, 100, .max) == [0])
    let none = try Tensor.zeros([0, 2])
    #expect(try none.sliced(axis: 0, from: 3, to: -1, step: -1).shape == [0, 2])
    #expect(try none.reversed(axis: 1).shape == [0, 2])
  }

  @Test("of several elements put in one place the last one's gradient flows, and no other's")
  func repeatedPlaces() throws {
    let (target, source) = (TensorType([2, 3]), TensorType([2, 2]))
    let places = try Tensor(shape: [2, 2], scalars: [1, 1, 2, 0] as [Int64])
    let step = try Function([target, source]) { inputs in
      let scattered = try inputs[0].scattering(inputs[1], at: places, axis: 1)
      let weights = try Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float])
      return [scattered] + (try gradients(of: (scattered * weights).sum(), withRespectTo: inputs))
    }
    let results = try step([
      .zeros([2, 3]), Tensor(shape: [2, 2], scalars: [5, 7, 8, 9] as [Float]),
    ])
    #expect(try results[0].scalars(Float.self) == [0, 7, 0, 9, 0, 8])
    #expect(try results[1].scalars(Float.self) == [1, 0, 3, 0, 5, 0])
    #expect(try results[2].scalars(Float.self) == [0, 2, 6, 4])
  }

  @Test("sizes below 0, and beside a 0 sizes that are too large, are refused")
  func sizes() throws {
    #expect(throws: MartletError.self) { try Tensor.zeros([]).broadcast(to: [-3]) }
    #expect(throws: MartletError.self) { try Tensor.zeros([2], .int64).oneHot(classes: -1) }
    #expect(throws: MartletError.self) { try Tensor.zeros([0]).reshaped(to: [0, 1, 1 << 45, 1]) }
    #expect(try Tensor.zeros([0]).reshaped(to: [0, 1 << 20]).shape == [0, 1 << 20])
  }

  @Test("ranges stop before their limit")
  func ranges() throws {
    #expect(try Tensor.range(from: 5, to: -1, by: -2).scalars(Int64.self) == [5, 3, 1])
    #expect(try Tensor.range(from: 3, to: 3).elementCount == 0)
    #expect(try Tensor.range(from: 3, to: 9, by: -1).elementCount == 0)
    #expect(try Tensor.range(from: .max, to: 0, by: .min).scalars(Int64.self) == [.max])
    #expect(try Tensor.range(from: .max - 1, to: .max, by: 5).scalars(Int64.self) == [.max - 1])
    #expect(try Tensor.range(from: 1, to: 2, by: 0.25).scalars(Float.self) == [1, 1.25, 1.5, 1.75])
    #expect(throws: MartletError.self) { try Tensor.range(from: .min, to: .max) }
    #expect(throws: MartletError.self) { try Tensor.range(from: .max, to: .min, by: -1) }
    #expect(throws: MartletError.self) { try Tensor.range(from: 0, to: 1, by: 0) }
    #expect(throws: MartletError.self) { try Tensor.range(from: 0.0, to: .infinity, by: 1) }
    #expect(throws: MartletError.self) { try Tensor.range(from: .nan, to: 1, by: 1) }
    #expect(throws: MartletError.self) { try Tensor.range(from: 0.0, to: 1, by: 0) }
  }

  @Test("what is not 0 is found in row-major order, whatever the layout")
  func nonZero() throws {
    let x = try Tensor(shape: [2, 3], scalars: [0, 2, 0, 1, 0, -1] as [Int64])
    #expect(try x.nonZeroIndices().scalars(Int64.self) == [0, 1, 1, 1, 0, 2])
    let image = try Tensor(shape: [1, 2, 2], scalars: [0, 1, .nan, 0] as [Float], layout: .channelsLast)
    #expect(try image.nonZeroIndices().scalars(Int64.self) == [0, 0, 0, 1, 1, 0])
    #expect(try Tensor(Float(3)).nonZeroIndices().shape == [0, 1])
  }

  @Test("of equal elements the first come first, and what is not a number is the largest")
  func ties() throws {
    let x = try Tensor(shape: [6], scalars: [2, .nan, 3, 2, 3, 2] as [Float])
    #expect(try x.top(4).indices.scalars(Int64.self) == [1, 2, 4, 0])
    #expect(try x.top(4, largest: false).indices.scalars(Int64.self) == [0, 3, 5, 2])
    let whole = try Tensor(shape: [4], scalars: [5, 7, 5, 7] as [Int32])
    #expect(try whole.top(3).indices.scalars(Int64.self) == [1, 3, 0])
  }

  @Test("a slice of the wrong step is refused by the operation itself")
  func slicesThatDoNotFit() throws {
    let x = try Tensor.ones([4])
    for (start, count, step) in [(0, 2, -1), (3, 5, -1), (3, 2, -4), (4, 1, 1), (0, 3, .max), (0, 1, 0)] {
      #expect(throws: MartletError.self) {
        try Tensor.apply(Slice(starts: [start], counts: [count], steps: [step]), [x])
      }
    }
  }

  @Test("empty tensors are moved")
  func empty() throws {
    let x = try Tensor.zeros([0, 4, 2, 2])
    #expect(try x.tiled([1, 2, 1, 3]).shape == [0, 8, 2, 6])
    #expect(try Tensor.zeros([2, 3]).tiled([0, 2]).shape == [0, 6])
    #expect(try x.depthToSpace(block: 2).shape == [0, 1, 4, 4])
    #expect(try x.spaceToDepth(block: 2).shape == [0, 16, 1, 1])
    #expect(try x.triangle(upper: true).shape == x.shape)
    #expect(try x.top(2, axis: 1).values.shape == [0, 2, 2, 2])
    #expect(try x.top(0, axis: 1).indices.shape == [0, 0, 2, 2])
    #expect(try x.padded(before: [0, 2], after: [1, 0], mode: .wrap).shape == [0, 4, 3, 4])
    #expect(try x.padded(before: [0, 0, 0, 1], after: [0, 0, 0, -2]).shape == [0, 4, 2, 1])
    #expect(try x.localResponseNorm(size: 3).shape == x.shape)
    #expect(try x.nonZeroIndices().shape == [4, 0])
    let rows = try Tensor.zeros([3, 2])
    let none = try Tensor.zeros([0, 1], .int64)
    #expect(try rows.gatheredND(none).shape == [0, 2])
    #expect(try rows.scatteringND(.zeros([0, 2]), at: none).shape == [3, 2])
    #expect(try rows.scattering(.zeros([0, 2]), at: .zeros([0, 2], .int64), axis: 0).shape == [3, 2])
    #expect(try Tensor.zeros([0, 3]).gatheredND(.zeros([0, 1, 1], .int64), batchAxes: 1).shape == [0, 1])
  }

  @Test("what does not fit is a thrown error")
  func badInput() throws {
    let x = try Tensor.ones([2, 3])
    let image = try Tensor.ones([1, 3, 4, 5])
    func indices(_ shape: [Int], _ values: [Int64]) throws -> Tensor {
      try Tensor(shape: shape, scalars: values)
    }
    #expect(throws: MartletError.self) { try x.sliced(axes: [0, -2], from: [0, 0], to: [1, 1]) }
    #expect(throws: MartletError.self) { try x.sliced(axes: [0], from: [0, 0], to: [1]) }
    #expect(throws: MartletError.self) { try x.split(sizes: [1, 1], axis: 1) }
    #expect(throws: MartletError.self) { try x.split(sizes: [.max, .max, 5], axis: 1) }
    #expect(throws: MartletError.self) { try x.tiled([1]) }
    #expect(throws: MartletError.self) { try x.tiled([-1, 2]) }
    #expect(throws: MartletError.self) { try x.tiled([.max, 2]) }
    #expect(throws: MartletError.self) { try x.tiled([1 << 30, 1 << 30]) }
    #expect(throws: MartletError.self) { try x.expanded(to: [5, 3]) }
    #expect(throws: MartletError.self) { try x.expanded(to: [1 << 40, 1, 1]) }
    #expect(throws: MartletError.self) { try x.expanded(to: [-1, 2, 3]) }
    #expect(throws: MartletError.self) { try image.depthToSpace(block: 2) }
    #expect(throws: MartletError.self) { try image.depthToSpace(block: 0) }
    #expect(throws: MartletError.self) { try image.spaceToDepth(block: 2) }
    #expect(throws: MartletError.self) { try image.spaceToDepth(block: .max) }
    #expect(throws: MartletError.self) { try x.spaceToDepth(block: 1) }
    #expect(throws: MartletError.self) { try Tensor.ones([2]).triangle(upper: true) }
    #expect(throws: MartletError.self) { try x.top(4) }
    #expect(throws: MartletError.self) { try x.top(-1) }
    #expect(throws: MartletError.self) { try x.top(1, axis: 2) }
    #expect(throws: MartletError.self) {
      try x.scattering(x, at: indices([2, 3], [0, 1, 2, 3, 0, 0]), axis: 0)
    }
    #expect(throws: MartletError.self) { try x.scattering(x, at: indices([1, 3], [0, 1, 0]), axis: 0) }
    #expect(throws: MartletError.self) { try x.scattering(x, at: x, axis: 0) }
    #expect(throws: MartletError.self) { try x.gatheredND(indices([1, 2], [0, 3])) }
    #expect(throws: MartletError.self) { try x.gatheredND(indices([1, 2], [-3, 0])) }
    #expect(throws: MartletError.self) { try x.gatheredND(indices([1, 3], [0, 0, 0])) }
    #expect(throws: MartletError.self) { try x.gatheredND(indices([1, 0], [])) }
    #expect(throws: MartletError.self) { try x.gatheredND(indices([1, 1], [0]), batchAxes: 2) }
    #expect(throws: MartletError.self) { try x.gatheredND(indices([3, 1], [0, 0, 0]), batchAxes: 1) }
    #expect(throws: MartletError.self) { try x.scatteringND(x, at: indices([1, 1], [0])) }
    #expect(throws: MartletError.self) { try x.countedFromFront(of: 3) }
    #expect(throws: MartletError.self) {
      try indices([1], [0]).oneHot(depth: -1, on: Tensor(Float(1)), off: Tensor(Float(0)))
    }
    #expect(throws: MartletError.self) { try indices([1], [0]).oneHot(depth: 2, on: x, off: x) }
    #expect(throws: MartletError.self) { try image.maxUnpooled(at: indices([1], [0]), space: [4, 5]) }
    #expect(throws: MartletError.self) {
      try Tensor.ones([1, 1, 1]).maxUnpooled(at: indices([1, 1, 1], [4]), space: [4])
    }
    #expect(throws: MartletError.self) {
      try Tensor.ones([1, 1, 1]).maxUnpooled(at: indices([1, 1, 1], [0]), space: [.max])
    }
    #expect(throws: MartletError.self) { try x.padded(before: [0, 3], after: [0, 0], mode: .reflect) }
    #expect(throws: MartletError.self) {
      try Tensor.zeros([0, 3]).padded(before: [1, 0], after: [0, 0], mode: .wrap)
    }
    #expect(throws: MartletError.self) { try x.padded(before: [-3, 1], after: [0, 0], mode: .replicate) }
    #expect(throws: MartletError.self) { try x.padded(before: [.min, 1], after: [0, 0], mode: .replicate) }
    #expect(throws: MartletError.self) { try x.gemm(x) }
    #expect(throws: MartletError.self) { try x.gemm(x, adding: .ones([2, 2, 2]), transposesB: true) }
    #expect(throws: MartletError.self) { try x.integerMatmul(x) }
    #expect(throws: MartletError.self) { try Tensor.ones([]).hardmax(axis: 0) }
    #expect(throws: MartletError.self) { try Tensor.ones([]).rmsNorm() }
    #expect(throws: MartletError.self) { try x.lpNormalized(0) }
    #expect(throws: MartletError.self) { try x.localResponseNorm(size: 0) }
    #expect(throws: MartletError.self) { try image.lpPooled(0, kernel: [2]) }
    #expect(throws: MartletError.self) { try image.maxPooled(kernel: [2], padding: [0], paddingAfter: [2]) }
    #expect(throws: MartletError.self) {
      try image.maxPooled(kernel: [1 << 20, 1 << 20], dilation: [1 << 20])
    }
    #expect(throws: MartletError.self) {
      try Function([x.type]) { [try $0[0].nonZeroIndices()] }
    }
  }
}
