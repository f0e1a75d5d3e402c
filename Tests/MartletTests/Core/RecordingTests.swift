import Martlet
import Testing

/// What can go wrong between recordings is an error, and nobody's plan is another's.
@Suite("Recordings")
struct RecordingTests {
  @Test("of equal graphs have names of their own")
  func scopes() throws {
    let type = TensorType([2, 3])
    final class Rectifier: Layer {
      let relu = ReLU()
      func forward(_ input: Tensor) throws -> Tensor { try relu(input) }
    }
    let model = Rectifier()
    let first = try Function([type]) { [try model($0[0])] }
    let second = try Function([type]) { [try $0[0].relu()] }
    #expect(first.listing(names: model.namesByIdentity).rows.map(\.layer) == ["relu"])
    #expect(second.listing(names: model.namesByIdentity).rows.map(\.layer) == [""])
  }

  @Test("do not take each other's tensors")
  func escaped() throws {
    let type = TensorType([2])
    var escaped: Tensor?
    _ = try Function([type]) {
      escaped = try $0[0].relu()
      return $0
    }
    let stranger = try #require(escaped)
    #expect(throws: MartletError.self) { try Function([type]) { _ in [stranger] } }
    #expect(throws: MartletError.self) { try Function([type]) { [try $0[0] + stranger] } }
    #expect(throws: MartletError.self) {
      try Function([type]) { try gradients(of: $0[0].sum(), withRespectTo: [stranger]) }
    }
  }

  @Test("change parameters and their views, and nothing else")
  func changes() throws {
    let parameter = try Parameter(Tensor.ones([2, 2]))
    let before = parameter.concrete
    let scalars = try Tensor(shape: [2], scalars: [0.5, 1])
    func step(_ target: @escaping (Tensor) throws -> Tensor) throws -> Function {
      try Function([TensorType([4])]) {
        try applySGDStep(
          parameter: target($0[0]), gradient: $0[0], momentumBuffer: nil, scalars: scalars)
        return []
      }
    }
    let gradient = try Tensor(shape: [4], scalars: [1, 2, 3, 4] as [Float])
    _ = try step { _ in try parameter.value.reshaped(to: [4]) }([gradient])
    #expect(try parameter.concrete.scalars(Float.self) == [0.5, 0, -0.5, -1])
    // What was taken before stays.
    #expect(try before.scalars(Float.self) == [1, 1, 1, 1])
    #expect(throws: MartletError.self) { try step { $0 } }
    #expect(throws: MartletError.self) { try step { _ in try (parameter.value * 1).reshaped(to: [4]) } }
  }

  @Test("have arguments that memory can hold")
  func sizes() {
    for shape in [[Int.max, 2], [1 << 40, 1 << 10]] {
      #expect(throws: MartletError.self) { try Function([TensorType(shape)]) { [try $0[0].mean()] } }
    }
  }

  @Test("have no gradient by way of statistics")
  func statistics() throws {
    let type = TensorType([2, 3, 4, 4], .float32, .channelsLast)
    #expect(throws: MartletError.self) {
      try Function([type], mode: .training) {
        try gradients(
          of: $0[0].batchNorm(weight: .ones([3]), bias: .zeros([3])).mean.sum(), withRespectTo: [$0[0]])
      }
    }
  }

  @Test("have finite gradients of norms that are 0")
  func zeroNorms() throws {
    let x = try Tensor(shape: [2, 2], scalars: [0, 0, 3, 4] as [Float])
    func gradient(_ body: @escaping (Tensor) throws -> Tensor) throws -> [Float] {
      try Function([x.type]) { try gradients(of: body($0[0]).sum(), withRespectTo: [$0[0]]) }([x])[0]
        .scalars(Float.self)
    }
    #expect(try gradient { try $0.l2Norm(axes: [1]) } == [0, 0, 0.6, 0.8])
    #expect(try gradient { try $0.lpNormalized(axis: 1) }.allSatisfy(\.isFinite))
    #expect(try x.lpNormalized(axis: 1).scalars(Float.self) == [0, 0, 0.6, 0.8])
  }

  @Test("multiply empty matrices, back too")
  func emptyProducts() throws {
    let (a, b) = (TensorType([2, 3, 0]), TensorType([0, 4]))
    let function = try Function([a, b]) {
      let product = try $0[0].matmul($0[1])
      return [product] + (try gradients(of: product.sum(), withRespectTo: $0))
    }
    let results = try function([Tensor.zeros(a.shape), Tensor.zeros(b.shape)])
    #expect(results.map(\.shape) == [[2, 3, 4], [2, 3, 0], [0, 4]])
  }
}
