import MartletKernels

/// Runs the kernels of one convolution on arrays, with guarded workspaces and outputs filled with rubbish first.
struct ConvolutionRun<Scalar: BinaryFloatingPoint> {
  let shape: ConvolutionShape
  var scalar: RealFormat { Scalar.self == Float.self ? .float32 : .float64 }

  struct Overrun: Error {}

  func forward(_ input: [Scalar], _ weight: [Scalar], _ bias: [Scalar]?, rectified: Bool = false) throws
    -> [Scalar]
  {
    try run(count: shape.outputElementCount, workspace: ImplicitGEMM.forwardWorkspace(shape, scalar)) {
      output, workspace in
      input.withUnsafeBytes { input in
        weight.withUnsafeBytes { weight in
          withOptional(bias) { bias in
            ImplicitGEMM.forward(
              shape, scalar, input: input.baseAddress!, weight: weight.baseAddress!, bias: bias,
              rectified: rectified, output: output, workspace: workspace)
          }
        }
      }
    }
  }

  func backwardData(_ outputGradient: [Scalar], _ weight: [Scalar], _ bias: [Scalar]? = nil) throws
    -> [Scalar]
  {
    try run(count: shape.inputElementCount, workspace: ImplicitGEMM.backwardDataWorkspace(shape, scalar)) {
      output, workspace in
      outputGradient.withUnsafeBytes { gradient in
        weight.withUnsafeBytes { weight in
          withOptional(bias) { bias in
            ImplicitGEMM.backwardData(
              shape, scalar, outputGradient: gradient.baseAddress!, weight: weight.baseAddress!, bias: bias,
              inputGradient: output, workspace: workspace)
          }
        }
      }
    }
  }

  func backwardWeights(_ input: [Scalar], _ outputGradient: [Scalar]) throws -> [Scalar] {
    try run(count: shape.weightElementCount, workspace: ImplicitGEMM.backwardWeightsWorkspace(shape, scalar))
    {
      output, workspace in
      input.withUnsafeBytes { input in
        outputGradient.withUnsafeBytes { gradient in
          ImplicitGEMM.backwardWeights(
            shape, scalar, input: input.baseAddress!, outputGradient: gradient.baseAddress!,
            weightGradient: output, workspace: workspace)
        }
      }
    }
  }

  func backwardBias(_ outputGradient: [Scalar]) throws -> [Scalar] {
    let pixels = shape.batch * shape.output.count
    return try run(
      count: shape.outputChannels,
      workspace: ImplicitGEMM.backwardBiasWorkspace(pixels: pixels, channels: shape.outputChannels)
    ) { output, workspace in
      outputGradient.withUnsafeBytes {
        ImplicitGEMM.backwardBias(
          pixels: pixels, channels: shape.outputChannels, scalar, outputGradient: $0.baseAddress!,
          biasGradient: output, workspace: workspace)
      }
    }
  }

  private func withOptional(_ values: [Scalar]?, _ body: (UnsafeRawPointer?) -> Void) {
    if let values { values.withUnsafeBytes { body($0.baseAddress!) } } else { body(nil) }
  }

  /// Memory filled with NaN, and a guard behind each block that nobody may write.
  private func run(
    count: Int, workspace workspaceBytes: Int,
    _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  ) throws -> [Scalar] {
    let guardBytes = 256
    let outputBytes = count * MemoryLayout<Scalar>.stride
    let output = UnsafeMutableRawPointer.allocate(byteCount: outputBytes + guardBytes, alignment: 64)
    let workspace = UnsafeMutableRawPointer.allocate(byteCount: workspaceBytes + guardBytes, alignment: 64)
    defer {
      output.deallocate()
      workspace.deallocate()
    }
    output.initializeMemory(as: UInt8.self, repeating: 0xFF, count: outputBytes + guardBytes)
    workspace.initializeMemory(as: UInt8.self, repeating: 0xFF, count: workspaceBytes + guardBytes)
    body(output, workspace)
    for i in 0..<guardBytes {
      guard output.load(fromByteOffset: outputBytes + i, as: UInt8.self) == 0xFF,
        workspace.load(fromByteOffset: workspaceBytes + i, as: UInt8.self) == 0xFF
      else { throw Overrun() }
    }
    return [Scalar](
      UnsafeBufferPointer(start: output.assumingMemoryBound(to: Scalar.self), count: count))
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
