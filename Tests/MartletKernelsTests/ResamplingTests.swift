import Testing

@testable import MartletKernels

@Suite("Resampling kernels", .serialized)
struct ResamplingTests {
  @Test("turning taps round twice gives them back")
  func transposed() {
    for taps in [
      AxisTaps.window(inputSize: 11, outputSize: 6, kernel: 3, stride: 2, padding: 1, dilation: 1),
      AxisTaps.linear(inputSize: 5, outputSize: 12),
      AxisTaps.nearest(inputSize: 7, outputSize: 3, scale: nil),
    ] {
      let twice = taps.transposed.transposed
      #expect(twice.starts == taps.starts)
      #expect(twice.sources == taps.sources)
      #expect(twice.numbers == taps.numbers)
      #expect(twice.weights == taps.weights)
      #expect(taps.transposed.outputSize == taps.sourceSize)
    }
  }

  @Test("linear taps lie within the input and weigh one in all", arguments: [1, 2, 7, 40], [1, 2, 13, 80])
  func linear(_ input: Int, _ output: Int) {
    for align in [false, true] {
      let taps = AxisTaps.linear(inputSize: input, outputSize: output, alignsCorners: align)
      for o in 0..<output {
        let range = Int(taps.starts[o])..<Int(taps.starts[o + 1])
        #expect(range.allSatisfy { (0..<input).contains(Int(taps.sources[$0])) })
        #expect(abs(range.reduce(0) { $0 + taps.weights[$1] } - 1) < 1e-12)
      }
    }
  }

  /// Results of 16 MB and more are written past the caches, by other code than smaller ones.
  @Test("large images give what their parts give", arguments: InstructionSet.available)
  func large(_ set: InstructionSet) {
    let (height, width, channels) = (120, 200, 64)
    let x = (0..<height * width * channels).map { Float(($0 * 7919) % 10007) / 10007 }
    func upsampled(_ rows: Range<Int>, _ taps: AxisTaps) -> [Float] {
      let resampling = Resampling(
        images: 1, channels: channels,
        taps: [taps, .linear(inputSize: width, outputSize: 2 * width, alignsCorners: true)],
        format: .float32)
      let count = taps.outputSize * 2 * width * channels
      let output = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
      let workspace = UnsafeMutableRawPointer.allocate(
        byteCount: resampling.workspaceByteCount, alignment: 64)
      defer {
        output.deallocate()
        workspace.deallocate()
      }
      x.withUnsafeBytes {
        resampling.resample(
          $0.baseAddress! + rows.lowerBound * width * channels * 4, output: output, workspace: workspace)
      }
      return Array(UnsafeBufferPointer(start: output.assumingMemoryBound(to: Float.self), count: count))
    }
    func twice(_ size: Int) -> AxisTaps {
      AxisTaps(outputSize: 2 * size, sourceSize: size) { [($0 / 2, 0, 1)] }
    }
    InstructionSet.with(set) {
      let whole = upsampled(0..<height, twice(height))
      let parts = [0..<40, 40..<80, 80..<120].flatMap { upsampled($0, twice($0.count)) }
      #expect(whole == parts)
    }
  }

  @Test(
    "the gradient of max pooling puts each gradient where the largest was",
    arguments: InstructionSet.available)
  func maxGradient(_ set: InstructionSet) {
    let (height, width, channels) = (260, 260, 64)
    let x = (0..<height * width * channels).map { Float(($0 * 7919) % 10007) }
    let taps = AxisTaps.window(inputSize: 260, outputSize: 130, kernel: 2, stride: 2, padding: 0, dilation: 1)
    var y = [Float](repeating: .nan, count: x.count / 4)
    var index = [UInt8](repeating: 255, count: x.count / 4)
    let dx = UnsafeMutableRawPointer.allocate(byteCount: x.count * 4, alignment: 64)
    defer { dx.deallocate() }
    InstructionSet.with(set) {
      Resampling(images: 1, channels: channels, taps: [taps, taps], window: [2, 2], format: .float32)
        .maxPool(x, wide: false, output: &y, index: &index)
      Resampling(
        images: 1, channels: channels, taps: [taps.transposed, taps.transposed], window: [2, 2],
        format: .float32
      ).maxPoolGradient(y, index: index, wide: false, inputGradient: dx)
    }
    let gradient = UnsafeBufferPointer(start: dx.assumingMemoryBound(to: Float.self), count: x.count)
    // With y as its own gradient, dx is x where x was the largest and zero elsewhere.
    var wrong = 0
    for i in x.indices where gradient[i] != 0 && gradient[i] != x[i] { wrong += 1 }
    #expect(wrong == 0)
    #expect(gradient.reduce(0) { $0 + Double($1) } == y.reduce(0) { $0 + Double($1) })
  }
}

extension AxisTaps {
  /// Linear taps with the edges of both axes in one place, or the centres of their outer elements.
  static func linear(inputSize: Int, outputSize: Int, alignsCorners: Bool = false) -> AxisTaps {
    .linear(inputSize: inputSize, outputSize: outputSize) { output in
      alignsCorners
        ? Double(output * (inputSize - 1)) / Double(max(outputSize - 1, 1))
        : (Double(output) + 0.5) * Double(inputSize) / Double(outputSize) - 0.5
    }
  }
}
