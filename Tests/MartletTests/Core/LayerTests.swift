import Martlet
import Testing

/// Layers without parameters are the tensor's own functions, which the table of operations tests; here that each gives
/// its arguments on.
@Suite("Layers without parameters")
struct LayerTests {
  private func numbers(_ shape: [Int]) throws -> Tensor {
    let count = shape.reduce(1, *)
    let values: [Float] = (0..<count).map { (i: Int) -> Float in Float((i * 37) % 29) / 7 - 2 }
    return try Tensor(shape: shape, scalars: values)
  }

  private func expectSame(_ layer: any Layer, _ input: Tensor, _ expected: Tensor) throws {
    let got = try layer(input)
    #expect(got.shape == expected.shape, "\(type(of: layer))")
    #expect(try got.scalars(Float.self) == expected.scalars(Float.self), "\(type(of: layer))")
  }

  @Test("activations")
  func activations() throws {
    let x = try numbers([2, 3, 4])
    try expectSame(ReLU(), x, x.relu())
    try expectSame(LeakyReLU(slope: 0.3), x, x.leakyReLU(slope: 0.3))
    try expectSame(GELU(), x, x.gelu())
    try expectSame(GELU(approximation: .tanh), x, x.gelu(approximation: .tanh))
    try expectSame(SiLU(), x, x.silu())
    try expectSame(Sigmoid(), x, x.sigmoid())
    try expectSame(Tanh(), x, x.tanh())
    try expectSame(Softmax(axis: -1), x, x.softmax(axis: -1))
    try expectSame(Softmax(axis: 1), x, x.softmax(axis: 1))
  }

  @Test("pooling over one to three space axes")
  func pooling() throws {
    for axes in 1...3 {
      let x = try numbers([2, 3] + [7, 6, 5].prefix(axes))
      let max: any Layer = [
        MaxPool1d(kernelSize: 3, stride: 2, padding: 1, ceilMode: true),
        MaxPool2d(kernelSize: 3, stride: 2, padding: 1, ceilMode: true),
        MaxPool3d(kernelSize: 3, stride: 2, padding: 1, ceilMode: true),
      ][axes - 1]
      try expectSame(max, x, x.maxPooled(kernel: [3], stride: [2], padding: [1], ceilMode: true))
      let average: any Layer = [
        AveragePool1d(kernelSize: 3, padding: 1, countIncludePad: false),
        AveragePool2d(kernelSize: 3, padding: 1, countIncludePad: false),
        AveragePool3d(kernelSize: 3, padding: 1, countIncludePad: false),
      ][axes - 1]
      try expectSame(average, x, x.averagePooled(kernel: [3], padding: [1], countIncludePad: false))
      try expectSame(GlobalAveragePoolLayer(), x, x.globalAveragePooled())
      try expectSame(GlobalMaxPoolLayer(), x, x.globalMaxPooled())
    }
  }

  @Test("pooling refuses another number of axes")
  func axes() throws {
    let x = try numbers([2, 3, 4])
    let error = #expect(throws: MartletError.self) { try MaxPool2d(kernelSize: 2)(x) }
    #expect(
      error?.description.hasPrefix("[max_pool2d] expected an input [N, C, …] with 2 space axes") == true)
    #expect(throws: MartletError.self) { try AveragePool3d(kernelSize: 2)(x) }
  }
}
