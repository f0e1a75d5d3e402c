import Martlet
import Testing

/// Layers are the tensor's own functions, which the table of operations tests; here that each gives its arguments on.
@Suite("Layers")
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

  @Test("ReLU6 has no slope where it is limited, nor at the limits, as PyTorch's")
  func limited() throws {
    let x = try Tensor(shape: [6], scalars: [-1, 0, 0.5, 5.5, 6, 7] as [Float])
    let step = try Function([x.type]) {
      let y = try ReLU6()($0[0])
      return [y] + (try gradients(of: y.sum(), withRespectTo: $0))
    }
    let results = try step([x])
    #expect(try results[0].scalars(Float.self) == [0, 0, 0.5, 5.5, 6, 6])
    #expect(try results[1].scalars(Float.self) == [0, 0, 1, 1, 0, 0])
  }

  @Test("a transposed convolution over one space axis")
  func transposedConvolution() throws {
    let layer = try withSeed(1) {
      try ConvTranspose1d(
        inputChannels: 4, outputChannels: 6, kernelSize: 3, stride: 3, padding: 1, outputPadding: 2,
        dilation: 2, groups: 2)
    }
    let x = try numbers([2, 4, 7])
    let expected = try x.transposedConvolution(
      layer.weight.value, bias: layer.bias?.value,
      ConvolutionOptions(stride: [3], padding: [1], dilation: [2], groups: 2), outputPadding: [2])
    #expect(expected.shape == [2, 6, 23])
    try expectSame(layer, x, expected)
    let plain = try withSeed(1) {
      try ConvTranspose1d(inputChannels: 4, outputChannels: 6, kernelSize: 3, bias: false)
    }
    #expect(plain.bias == nil)
    try expectSame(plain, x, x.transposedConvolution(plain.weight.value))
    #expect(throws: MartletError.self) { try layer(numbers([2, 4, 7, 3])) }
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
