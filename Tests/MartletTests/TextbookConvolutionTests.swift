import Martlet
import Testing

/// The textbook's functions and layer against sums written down from their definitions, in float64.
@Suite struct TextbookConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var (n, c, h, w) = (2, 3, 7, 6)
    var (filters, fh, fw) = (5, 3, 3)
    var (stride, pad) = (1, 1)

    var testDescription: String { "\([n, c, h, w]) by \([filters, c, fh, fw]), stride \(stride), pad \(pad)" }
    var outH: Int { 1 + (h + 2 * pad - fh) / stride }
    var outW: Int { 1 + (w + 2 * pad - fw) / stride }

    /// Every product of the convolution: indices into x, W and the output, all in logical order.
    func forEachProduct(_ body: (_ x: Int, _ w: Int, _ out: Int) -> Void) {
      for image in 0..<n {
        for filter in 0..<filters {
          for oy in 0..<outH {
            for ox in 0..<outW {
              for channel in 0..<c {
                for fy in 0..<fh {
                  for fx in 0..<fw {
                    let (y, x) = (oy * stride + fy - pad, ox * stride + fx - pad)
                    guard y >= 0, y < h, x >= 0, x < w else { continue }
                    body(
                      ((image * c + channel) * h + y) * w + x, ((filter * c + channel) * fh + fy) * fw + fx,
                      ((image * filters + filter) * outH + oy) * outW + ox)
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  static let cases = [
    Case(), Case(n: 1, c: 1, h: 4, w: 4, filters: 1, fh: 3, fw: 3, stride: 1, pad: 0),
    Case(n: 3, c: 2, h: 8, w: 9, filters: 4, fh: 2, fw: 4, stride: 2, pad: 1),
    Case(n: 1, c: 20, h: 6, w: 5, filters: 17, fh: 5, fw: 5, stride: 3, pad: 2),
    Case(n: 2, c: 33, h: 3, w: 3, filters: 9, fh: 1, fw: 1, stride: 2, pad: 3),
  ]

  /// Reproducible numbers in [−1, 1), exact in float32.
  static func numbers(_ count: Int, _ seed: Int) -> [Double] {
    (0..<count).map { index -> Double in
      let scrambled: Int = (index &* 7919 &+ seed &* 104_729) % 2003
      return Double(Float(scrambled) / 1024 - 0.978)
    }
  }

  static func expectClose(_ tensor: Tensor, _ expected: [Double], _ what: String) throws {
    let values = try tensor.scalars(Float.self).map { Double($0) }
    try #require(values.count == expected.count)
    let scale = expected.map(abs).max() ?? 1
    for (value, number) in zip(values, expected) {
      #expect(abs(value - number) <= 1e-5 * scale, "\(what): expected \(number), got \(value)")
      if abs(value - number) > 1e-5 * scale { return }
    }
  }

  @Test(arguments: cases) func layerAgreesWithTheSums(_ example: Case) throws {
    let e = example
    let xShape = [e.n, e.c, e.h, e.w]
    let wShape = [e.filters, e.c, e.fh, e.fw]
    let outShape = [e.n, e.filters, e.outH, e.outW]
    let x = Self.numbers(xShape.reduce(1, *), 1)
    let w = Self.numbers(wShape.reduce(1, *), 2)
    let b = Self.numbers(e.filters, 3)
    let dout = Self.numbers(outShape.reduce(1, *), 4)
    var out = [Double](repeating: 0, count: dout.count)
    var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: w.count))
    e.forEachProduct { xi, wi, oi in
      out[oi] += x[xi] * w[wi]
      dx[xi] += dout[oi] * w[wi]
      dw[wi] += dout[oi] * x[xi]
    }
    var db = [Double](repeating: 0, count: e.filters)
    for i in out.indices {
      let filter = i / (e.outH * e.outW) % e.filters
      out[i] += b[filter]
      db[filter] += dout[i]
    }

    func tensor(_ shape: [Int], _ values: [Double]) throws -> Tensor {
      try Tensor(shape: shape, scalars: values.map { Float($0) })
    }
    let layer = try Convolution(
      weight: tensor(wShape, w), bias: tensor([e.filters], b), stride: e.stride, padding: e.pad)
    let output = try layer.forward(tensor(xShape, x))
    #expect(output.shape == outShape)
    try Self.expectClose(output, out, "forward")
    try Self.expectClose(layer.backward(tensor(outShape, dout)), dx, "dx")
    try Self.expectClose(#require(layer.weightGradient), dw, "dW")
    try Self.expectClose(#require(layer.biasGradient), db, "db")

    // The textbook's own way: one matrix product of unfolded windows.
    let columns = try im2col(
      tensor(xShape, x), filterHeight: e.fh, filterWidth: e.fw, stride: e.stride, pad: e.pad)
    #expect(columns.shape == [e.n * e.outH * e.outW, e.c * e.fh * e.fw])
    let rows = try columns.matmul(transposed: tensor([e.filters, e.c * e.fh * e.fw], w))
    let images = try rows.reshaped(to: [e.n, e.outH, e.outW, e.filters]).permuted([0, 3, 1, 2])
    let product = try images + tensor([1, e.filters, 1, 1], b)
    try Self.expectClose(product, out, "by im2col")
    let douts = try tensor(outShape, dout).permuted([0, 2, 3, 1]).reshaped(to: [-1, e.filters])
    let folded = try col2im(
      douts.matmul(tensor([e.filters, e.c * e.fh * e.fw], w)), inputShape: xShape, filterHeight: e.fh,
      filterWidth: e.fw, stride: e.stride, pad: e.pad)
    #expect(folded.shape == xShape)
    try Self.expectClose(folded, dx, "dx by col2im")
  }

  /// The order within the matrix, on an image small enough to write down.
  @Test func im2colOrder() throws {
    let x = try Tensor(shape: [1, 2, 3, 3], scalars: (0..<18).map { Double($0) })
    for layout in [Layout.rowMajor, .channelsLast] {
      let columns = try im2col(x.converted(to: layout), filterHeight: 2, filterWidth: 2)
      #expect(columns.shape == [4, 8])
      #expect(
        try columns.scalars(Double.self) == [
          0, 1, 3, 4, 9, 10, 12, 13, 1, 2, 4, 5, 10, 11, 13, 14, 3, 4, 6, 7, 12, 13, 15, 16, 4, 5, 7, 8, 13,
          14, 16,
          17,
        ])
    }
    let padded = try im2col(x, filterHeight: 3, filterWidth: 3, stride: 2, pad: 1)
    #expect(padded.shape == [4, 18])
    #expect(try padded.scalars(Double.self).prefix(9) == [0, 0, 0, 0, 0, 1, 0, 3, 4])
  }

  /// Every pixel comes back as often as windows cover it.
  @Test func col2imCounts() throws {
    let ones = try Tensor.ones([4, 4], .float64)
    let counts = try col2im(ones, inputShape: [1, 1, 3, 3], filterHeight: 2, filterWidth: 2)
    #expect(try counts.scalars(Double.self) == [1, 2, 1, 2, 4, 2, 1, 2, 1])
  }

  @Test func badInputIsRefused() throws {
    let x = try Tensor.zeros([1, 2, 4, 4])
    func refused(_ text: String, _ body: () throws -> Void) {
      let error = #expect(throws: MartletError.self, performing: body)
      #expect(error?.description.contains(text) == true, "\(error?.description ?? "nothing thrown")")
    }
    refused("[im2col] expected a filter within") { _ = try im2col(x, filterHeight: 5, filterWidth: 1) }
    refused("stride") { _ = try im2col(x, filterHeight: 1, filterWidth: 1, stride: 0) }
    refused("padding") { _ = try im2col(x, filterHeight: 1, filterWidth: 1, pad: -1) }
    refused("[N, C, H, W]") { _ = try im2col(.zeros([2, 3]), filterHeight: 1, filterWidth: 1) }
    refused("floating-point") {
      _ = try im2col(.zeros([1, 1, 2, 2], .int32), filterHeight: 1, filterWidth: 1)
    }
    refused("expected columns of shape [9, 8]") {
      _ = try col2im(.zeros([8, 8]), inputShape: [1, 2, 4, 4], filterHeight: 2, filterWidth: 2)
    }
    let (weight, bias) = (try Tensor.zeros([3, 2, 3, 3]), try Tensor.zeros([3]))
    refused("stride") { _ = try Convolution(weight: weight, bias: bias, stride: 0) }
    refused("bias") { _ = try Convolution(weight: weight, bias: .zeros([4])) }
    let layer = try Convolution(weight: weight, bias: bias)
    refused("has not run") { _ = try layer.backward(.zeros([1, 3, 2, 2])) }
    refused("input channels") { _ = try layer.forward(.zeros([1, 5, 4, 4])) }
    _ = try layer.forward(x)
    refused("expected an output gradient") { _ = try layer.backward(.zeros([1, 3, 4, 4])) }
  }
}
