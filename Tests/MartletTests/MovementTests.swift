import Martlet
import Testing

@Suite("Moving elements")
struct MovementTests {
  @Test("transposing a row-major sequence to channels-last space and back leaves the bytes where they are")
  func freeTranspose() throws {
    let x = try Tensor(shape: [2, 3, 4], scalars: (0..<24).map { Float($0) })
    let turned = try x.transposed(1, 2)
    #expect(turned.layout == .channelsLast)
    #expect(turned.shape == [2, 4, 3])
    try turned.withElements { (a: UnsafeBufferPointer<Float>) in
      try x.withElements { (b: UnsafeBufferPointer<Float>) in #expect(a.baseAddress == b.baseAddress) }
    }
    let back = try turned.transposed(1, 2)
    #expect(back.layout == .rowMajor)
    #expect(try back.scalars(Float.self) == x.scalars(Float.self))
  }

  @Test(
    "both layouts of one channel or one position are the same bytes",
    arguments: [[3, 1, 4, 5], [3, 7, 1, 1]])
  func freeConversion(_ shape: [Int]) throws {
    let x = try Tensor(shape: shape, scalars: (0..<shape.reduce(1, *)).map { Float($0) })
    let converted = try x.converted(to: .channelsLast)
    try converted.withElements { (a: UnsafeBufferPointer<Float>) in
      try x.withElements { (b: UnsafeBufferPointer<Float>) in #expect(a.baseAddress == b.baseAddress) }
    }
  }

  @Test(
    "layouts of every element size are converted",
    arguments: [[2, 3, 5], [1, 70, 33, 17], [2, 16, 16, 16], [3, 40, 50]])
  func conversion(_ shape: [Int]) throws {
    let count = shape.reduce(1, *)
    func check<Scalar: TensorScalar & Equatable>(_ scalars: [Scalar]) throws {
      let x = try Tensor(shape: shape, scalars: scalars)
      let there = try x.converted(to: .channelsLast)
      #expect(try there.scalars(Scalar.self) == scalars)
      #expect(try there.converted(to: .rowMajor).scalars(Scalar.self) == scalars)
    }
    try check((0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) })
    try check((0..<count).map { Float($0) })
    try check((0..<count).map { Int64($0) })
  }

  @Test("large copies are cut into pieces without a seam")
  func largeCopies() throws {
    let x = try Tensor(shape: [70, 90, 60], scalars: (0..<378_000).map { Int32($0) })
    for axes in [[0, 2, 1], [2, 1, 0], [1, 0, 2], [2, 0, 1], [1, 2, 0]] {
      let y = try x.permuted(axes)
      let got = try y.scalars(Int32.self)
      var wrong = 0
      var position = [0, 0, 0]
      for index in stride(from: 0, to: got.count, by: 7) {
        var rest = index
        for d in [2, 1, 0] {
          position[axes[d]] = rest % y.shape[d]
          rest /= y.shape[d]
        }
        if got[index] != Int32((position[0] * 90 + position[1]) * 60 + position[2]) { wrong += 1 }
      }
      #expect(wrong == 0, "\(axes)")
    }
    let joined = try concatenated([x, x, x], axis: 1).sliced(axis: 1, from: 45, to: 225, step: 3)
    #expect(try joined.scalars(Int32.self)[60 * 20 + 5] == Int32((45 + 60 - 90) * 60 + 5))
  }

  @Test("an index out of range is named with its place")
  func indexOutOfRange() throws {
    let table = try Tensor.ones([4, 2])
    let indices = try Tensor(shape: [2, 3], scalars: [0, 1, 2, 3, 4, 0] as [Int64])
    do {
      _ = try table.embedding(indices)
      Issue.record("index 4 of 4 was accepted")
    } catch let error as MartletError {
      #expect(error.message == "expected indices from 0 to 3, got 4 at [1, 1] of int64[2, 3]")
    }
    let negative = try Tensor(shape: [1, 1], scalars: [-1] as [Int32])
    #expect(throws: MartletError.self) { try table.gathered(negative, axis: 0) }
    #expect(throws: MartletError.self) { try table.selecting(negative, axis: 1) }
    #expect(throws: MartletError.self) { try table.embedding(.ones([2])) }
  }

  @Test("a reflection goes on where the image is smaller than the padding")
  func repeatedReflection() throws {
    let x = try Tensor(shape: [1, 1, 1, 3], scalars: [1, 2, 3] as [Float])
    let y = try x.paddedByReflection(before: [1, 5], after: [0, 4])
    #expect(y.shape == [1, 1, 2, 12])
    #expect(
      try Array(y.scalars(Float.self).suffix(12)) == [2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3].map { $0 as Float })
    #expect(try y.cropped(start: [1, 5], space: [1, 3]).scalars(Float.self) == [1, 2, 3])
  }

  @Test("impossible shapes, axes and amounts are thrown errors")
  func badInput() throws {
    let x = try Tensor.ones([2, 3, 4])
    #expect(throws: MartletError.self) { try x.reshaped(to: [5, 5]) }
    #expect(throws: MartletError.self) { try x.reshaped(to: [-1, -1]) }
    #expect(throws: MartletError.self) { try x.reshaped(to: [0, -1]) }
    #expect(throws: MartletError.self) { try x.reshaped(to: [-2, 12]) }
    #expect(throws: MartletError.self) { try x.permuted([0, 0, 1]) }
    #expect(throws: MartletError.self) { try x.transposed(0, 3) }
    #expect(throws: MartletError.self) { try x.squeezed(1) }
    #expect(throws: MartletError.self) { try x.unsqueezed(5) }
    #expect(throws: MartletError.self) { try x.sliced(axis: 3) }
    #expect(throws: MartletError.self) { try x.sliced(axis: 0, step: 0) }
    #expect(throws: MartletError.self) { try concatenated([x, .ones([2, 3])], axis: 0) }
    #expect(throws: MartletError.self) { try concatenated([x, .ones([2, 4, 4])], axis: 0) }
    #expect(throws: MartletError.self) { try concatenated([], axis: 0) }
    #expect(throws: MartletError.self) { try x.padded(before: [-5], after: [0]) }
    #expect(throws: MartletError.self) { try x.padded(before: [4], after: [0], mode: .reflect) }
    #expect(throws: MartletError.self) { try x.padded(before: [1, 1, 1, 1], after: [0, 0, 0, 0]) }
    #expect(throws: MartletError.self) { try x.cropped(start: [0, 0], space: [1, 1]) }
    let image = try Tensor.ones([1, 1, 2, 2])
    #expect(throws: MartletError.self) { try image.cropped(start: [1, 0], space: [.max, 1]) }
    #expect(throws: MartletError.self) { try image.padded(before: [.max], after: [.max]) }
    #expect(throws: MartletError.self) { try image.padded(before: [1 << 31], after: [1 << 31]) }
    #expect(throws: MartletError.self) {
      try image.paddedByReflection(before: [.max, 0], after: [1, 0])
    }
    #expect(throws: MartletError.self) {
      try Tensor.ones([2], .uint8).padded(before: [1], after: [0], mode: .constant(256))
    }
    #expect(try image.sliced(axis: 3, step: .max).shape == [1, 1, 2, 1])
    #expect(try image.sliced(axis: 3, from: .min, to: .max).shape == image.shape)
  }
}
