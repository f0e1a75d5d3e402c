import Martlet
import Testing

@Suite("Pooling, resampling and normalisation at their edges")
struct PoolingTests {
  @Test("an empty batch gives an empty result", arguments: [ScalarType.float32, .float64])
  func emptyBatch(_ scalar: ScalarType) throws {
    let x = try Tensor.zeros([0, 3, 4, 4], scalar)
    let ones = try Tensor.ones([3], scalar)
    #expect(try x.maxPooled(kernel: [2]).shape == [0, 3, 2, 2])
    #expect(try x.averagePooled(kernel: [2]).shape == [0, 3, 2, 2])
    #expect(try x.globalAveragePooled().shape == [0, 3, 1, 1])
    #expect(try x.upsampled(scale: 2, mode: .bilinear()).shape == [0, 3, 8, 8])
    #expect(try x.batchNorm(weight: ones, bias: ones).output.shape == [0, 3, 4, 4])
    #expect(try x.groupNorm(groups: 3).shape == [0, 3, 4, 4])
    #expect(try x.layerNorm(normalizedShape: [4]).shape == [0, 3, 4, 4])
    #expect(try x.padded(before: [1, 1], after: [1, 1], mode: .reflect).shape == [0, 3, 6, 6])
    #expect(try concatenated([x, .ones([2, 3, 4, 4], scalar)], axis: 0).shape == [2, 3, 4, 4])

    let gradient = try Function([x.type, ones.type]) { arguments in
      let y = try arguments[0].batchNorm(weight: arguments[1], bias: arguments[1]).output.maxPooled(kernel: [
        2
      ])
      return try gradients(
        of: [y], seeds: [.zeros(y.shape, scalar).converted(to: .channelsLast)], withRespectTo: arguments)
    }
    let results = try gradient([x, ones])
    #expect(results[0].shape == [0, 3, 4, 4])
    #expect(try results[1].cast(to: .float64).scalars(Double.self) == [0, 0, 0])
  }

  @Test("space of one position")
  func onePosition() throws {
    let x = try Tensor(shape: [2, 2, 1, 1], scalars: [1, 2, 3, 4] as [Float])
    #expect(try x.maxPooled(kernel: [1]).scalars(Float.self) == [1, 2, 3, 4])
    #expect(try x.globalMaxPooled().scalars(Float.self) == [1, 2, 3, 4])
    #expect(try x.globalAveragePooled().scalars(Float.self) == [1, 2, 3, 4])
    #expect(try x.upsampled(to: [2, 1]).scalars(Float.self) == [1, 1, 2, 2, 3, 3, 4, 4])
  }

  @Test("windows and sizes that do not fit are thrown errors")
  func badInput() throws {
    let x = try Tensor.ones([1, 2, 4, 4])
    #expect(throws: MartletError.self) { try x.maxPooled(kernel: [5]) }
    #expect(throws: MartletError.self) { try x.maxPooled(kernel: [2], padding: [2]) }
    #expect(throws: MartletError.self) { try x.maxPooled(kernel: [2, 2, 2]) }
    #expect(throws: MartletError.self) { try x.maxPooled(kernel: [0]) }
    #expect(throws: MartletError.self) { try x.averagePooled(kernel: [2], stride: [0]) }
    #expect(throws: MartletError.self) { try x.maxPooled(kernel: [.max], padding: [.max]) }
    #expect(throws: MartletError.self) { try Tensor.ones([2]).maxPooled(kernel: [1]) }
    #expect(throws: MartletError.self) { try Tensor.ones([2, 2]).globalMaxPooled() }
    #expect(throws: MartletError.self) { try Tensor.ones([]).globalAveragePooled() }
    #expect(throws: MartletError.self) { try x.upsampled(to: [1 << 31, 1 << 31]) }
    #expect(throws: MartletError.self) { try x.upsampled(scale: 1e9) }
    #expect(throws: MartletError.self) { try x.upsampled(to: [0, 1]) }
    #expect(throws: MartletError.self) { try x.upsampled(to: [8], mode: .linear()) }
    #expect(throws: MartletError.self) { try x.upsampled(scale: 0) }
    #expect(throws: MartletError.self) { try x.upsampled(scale: .infinity) }
    #expect(throws: MartletError.self) {
      try x.resized(to: [1, 4], Interpolation(.linear, antialiases: true), scale: [1e-9, 1])
    }
    #expect(throws: MartletError.self) {
      try x.resized(to: [8, 8], Interpolation(.nearest(.down), antialiases: true))
    }
    #expect(throws: MartletError.self) {
      try x.resized(to: [8, 8], Interpolation(.cubic(coefficient: .nan)))
    }
    #expect(throws: MartletError.self) {
      try x.resized(to: [8, 8], Interpolation(.linear, .crop(from: [0], to: [1], outside: 0)))
    }
    #expect(throws: MartletError.self) {
      try x.resized(to: [8, 8], Interpolation(.linear, .crop(from: [0, .nan], to: [1, 1], outside: 0)))
    }
    #expect(throws: MartletError.self) { try Tensor.ones([2, 3]).maxPooled(kernel: [1]) }
    #expect(throws: MartletError.self) { try Tensor.ones([1, 1, 2, 2], .int32).maxPooled(kernel: [1]) }
    #expect(throws: MartletError.self) { try x.groupNorm(groups: 3) }
    #expect(throws: MartletError.self) { try x.layerNorm(normalizedShape: [3]) }
    #expect(throws: MartletError.self) { try x.batchNorm(weight: .ones([3]), bias: .ones([2])) }
  }
}
