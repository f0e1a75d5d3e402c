import CMartletKernels

extension ImplicitGEMM {
  private static let biasRows = 512

  /// Scratch memory that backwardBias needs.
  public static func backwardBiasWorkspace(pixels: Int, channels: Int) -> Int {
    ceilDivide(pixels, biasRows) * channels * 8
  }

  /// The sum over all pixels of the output's gradient, a number a channel; added up in float64.
  public static func backwardBias(
    pixels: Int, channels: Int, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    biasGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    let partial = workspace.assumingMemoryBound(to: Double.self)
    let pieces = ceilDivide(pixels, biasRows)
    partial.initialize(repeating: 0, count: pieces * channels)
    ThreadPool.parallelFor(pieces) { piece in
      let first = piece * biasRows
      let rows = min(biasRows, pixels - first)
      let values = outputGradient + first * channels * scalar.byteCount
      let sums = partial + piece * channels
      if scalar == .float32 {
        martlet_add_rows_float(sums, values.assumingMemoryBound(to: Float.self), rows, channels)
      } else {
        martlet_add_rows_double(sums, values.assumingMemoryBound(to: Double.self), rows, channels)
      }
    }
    for piece in 1..<max(1, pieces) { martlet_add_double(partial, partial + piece * channels, channels) }
    for channel in 0..<channels {
      let sum = pieces == 0 ? 0 : partial[channel]
      if scalar == .float32 {
        biasGradient.assumingMemoryBound(to: Float.self)[channel] = Float(sum)
      } else {
        biasGradient.assumingMemoryBound(to: Double.self)[channel] = sum
      }
    }
  }
}
