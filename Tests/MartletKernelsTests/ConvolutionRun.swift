import MartletKernels

/// Runs the kernels of one convolution on arrays, on watched memory that is full of rubbish first.
struct ConvolutionRun<Scalar: BinaryFloatingPoint & BitwiseCopyable> {
  let shape: ConvolutionShape
  var algorithm = ConvolutionAlgorithm.direct
  var memory = TestMemory(.endsAtWall)
  var scalar: RealFormat { Scalar.self == Float.self ? .float32 : .float64 }

  struct Overrun: Error, CustomStringConvertible {
    let description: String
  }

  func forward(_ input: [Scalar], _ weight: [Scalar], _ bias: [Scalar]?, rectified: Bool = false) throws
    -> [Scalar]
  {
    memory.begin()
    let (input, weight) = (memory.copy(input), memory.copy(weight))
    let bias = bias.map { memory.copy($0) }
    return try run(count: shape.outputElementCount, workspace: workspace(.forward)) { output, workspace in
      algorithm.forward(
        shape, scalar, input: input, weight: weight, bias: bias, rectified: rectified, output: output,
        workspace: workspace)
    }
  }

  func backwardData(
    _ outputGradient: [Scalar], _ weight: [Scalar], _ bias: [Scalar]? = nil, rectified: Bool = false
  ) throws -> [Scalar] {
    memory.begin()
    let (gradient, weight) = (memory.copy(outputGradient), memory.copy(weight))
    let bias = bias.map { memory.copy($0) }
    return try run(count: shape.inputElementCount, workspace: workspace(.backwardData)) { output, workspace in
      algorithm.backwardData(
        shape, scalar, outputGradient: gradient, weight: weight, bias: bias, rectified: rectified,
        inputGradient: output, workspace: workspace)
    }
  }

  func backwardWeights(_ input: [Scalar], _ outputGradient: [Scalar]) throws -> [Scalar] {
    memory.begin()
    let (input, gradient) = (memory.copy(input), memory.copy(outputGradient))
    return try run(count: shape.weightElementCount, workspace: workspace(.backwardWeights)) {
      output, workspace in
      algorithm.backwardWeights(
        shape, scalar, input: input, outputGradient: gradient, weightGradient: output, workspace: workspace)
    }
  }

  func backwardBias(_ outputGradient: [Scalar]) throws -> [Scalar] {
    memory.begin()
    let gradient = memory.copy(outputGradient)
    let pixels = shape.batch * shape.output.count
    return try run(
      count: shape.outputChannels,
      workspace: ImplicitGEMM.backwardBiasWorkspace(pixels: pixels, channels: shape.outputChannels)
    ) { output, workspace in
      ImplicitGEMM.backwardBias(
        pixels: pixels, channels: shape.outputChannels, scalar, outputGradient: gradient,
        biasGradient: output,
        workspace: workspace)
    }
  }

  private func workspace(_ part: ConvolutionPart) -> Int {
    algorithm.workspaceByteCount(part, shape, scalar)
  }

  private func run(
    count: Int, workspace byteCount: Int, _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  ) throws -> [Scalar] {
    let output = memory.rubbish(count * MemoryLayout<Scalar>.stride, alignment: MemoryLayout<Scalar>.stride)
    body(output, memory.workspace(byteCount))
    guard memory.isIntact else {
      throw Overrun(description: "wrote beside its operands: \(algorithm), \(shape)")
    }
    return [Scalar](UnsafeBufferPointer(start: output.assumingMemoryBound(to: Scalar.self), count: count))
  }
}

/// The largest difference, relative to the largest magnitude of what was expected.
func relativeError<Scalar: BinaryFloatingPoint>(_ values: [Scalar], _ expected: [Double]) -> Double {
  guard values.count == expected.count else { return .infinity }
  let scale = expected.reduce(1e-30) { max($0, abs($1)) }
  var worst = 0.0
  for (a, b) in zip(values, expected) {
    let difference = abs(Double(a) - b) / scale
    guard difference.isFinite else { return .infinity }
    worst = max(worst, difference)
  }
  return worst
}

/// Pixels further apart, with what must not be read between them. Nothing follows the last pixel.
func spreadPixels(_ values: [Float], channels: Int, pitch: Int?) -> [Float] {
  guard let pitch, !values.isEmpty else { return values }
  var spread: [Float] = []
  for pixel in 0..<values.count / channels {
    if pixel > 0 { spread += [Float](repeating: .nan, count: pitch - channels) }
    spread += values[pixel * channels..<(pixel + 1) * channels]
  }
  return spread
}
