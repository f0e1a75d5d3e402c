import Martlet
import Testing

/// Shapes and options that do not fit are refused with what was expected and what came.
@Suite struct ConvolutionErrorTests {
  static func refused(_ text: String, _ body: () throws -> Tensor) {
    let error = #expect(throws: MartletError.self) { _ = try body() }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "nothing thrown")")
  }

  @Test func convolutions() throws {
    let x = try Tensor.zeros([4, 3, 16, 16])
    let w = try Tensor.zeros([8, 64, 3, 3])
    Self.refused("[conv2d] expected 64 input channels, got 3 (weight [8, 64, 3, 3], input [4, 3, 16, 16])") {
      try x.convolution(w)
    }
    let weight = try Tensor.zeros([8, 3, 3, 3])
    Self.refused("bias") { try x.convolution(weight, bias: .zeros([7])) }
    Self.refused("one element type") { try x.convolution(.zeros([8, 3, 3, 3], .float64)) }
    Self.refused("floating-point") { try Tensor.zeros([1, 3, 4, 4], .int32).convolution(weight) }
    Self.refused("axes") { try x.convolution(.zeros([8, 3, 3])) }
    Self.refused("space axes") { try Tensor.zeros([4, 3]).convolution(weight) }
    Self.refused("stride") { try x.convolution(weight, ConvolutionOptions(stride: 0)) }
    Self.refused("padding") { try x.convolution(weight, ConvolutionOptions(padding: -1)) }
    Self.refused("dilation") { try x.convolution(weight, ConvolutionOptions(dilation: 0)) }
    Self.refused("groups") { try x.convolution(weight, ConvolutionOptions(groups: 0)) }
    Self.refused("groups") {
      try Tensor.zeros([1, 6, 4, 4]).convolution(.zeros([7, 3, 1, 1]), ConvolutionOptions(groups: 2))
    }
    Self.refused("input channels") { try x.convolution(weight, ConvolutionOptions(groups: Int.max)) }
    for (channels, kernel) in [(1, 1 << 40), (1 << 40, 1 << 20)] {
      Self.refused("that fit into memory") {
        try Conv2d(inputChannels: channels, outputChannels: 1, kernelSize: kernel)(x)
      }
    }
    Self.refused("stride") { try x.convolution(weight, ConvolutionOptions(stride: [1, 2, 3])) }
    Self.refused("expected an input of at least 31") {
      try x.convolution(weight, ConvolutionOptions(dilation: 15))
    }
    Self.refused("padding") { try x.convolution(weight, ConvolutionOptions(padding: Int.max / 2)) }
    Self.refused("weight sizes") { try x.convolution(.zeros([0, 3, 3, 3])) }
  }

  @Test func transposedConvolutions() throws {
    let x = try Tensor.zeros([1, 4, 5, 5])
    let weight = try Tensor.zeros([4, 3, 3, 3])
    Self.refused("[conv_transpose2d] expected 5 input channels, got 4") {
      try x.transposedConvolution(.zeros([5, 3, 3, 3]))
    }
    Self.refused("output padding") {
      try x.transposedConvolution(weight, ConvolutionOptions(stride: 2), outputPadding: [2])
    }
    Self.refused("output padding") { try x.transposedConvolution(weight, outputPadding: [-1]) }
    Self.refused("output of 1 or more") {
      try x.transposedConvolution(weight, ConvolutionOptions(padding: 4))
    }
    Self.refused("bias") { try x.transposedConvolution(weight, bias: .zeros([4])) }
    Self.refused("weight") { try x.transposedConvolution(.zeros([4, 3])) }
  }

  @Test func products() throws {
    let a = try Tensor.zeros([2, 3, 4])
    Self.refused("[matmul] expected equal inner sizes") { try a.matmul(.zeros([3, 5])) }
    Self.refused("broadcast") { try a.matmul(.zeros([3, 4, 5])) }
    Self.refused("vectors or matrices") { try a.matmul(.zeros([])) }
    Self.refused("one element type") { try a.matmul(.zeros([4, 5], .float64)) }
    Self.refused("[linear] expected 6 inputs") { try a.linear(.zeros([5, 6])) }
    Self.refused("weight") { try a.linear(.zeros([4])) }
    Self.refused("bias") { try a.linear(.zeros([5, 4]), bias: .zeros([4])) }
  }
}
