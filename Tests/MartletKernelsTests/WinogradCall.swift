import MartletKernels

/// One run of a Winograd convolution on arrays, between unmapped pages, with what it can do besides.
struct WinogradCall {
  let shape: ConvolutionShape
  let tile: WinogradTile
  /// Forward or backward-data.
  let part: ConvolutionPart
  var bias: [Float]?
  var rectified = false
  /// What the input is read through; forward only.
  var normalization: TestNormalization?
  /// Whether statistics of the output are gathered; forward only.
  var gathersStatistics = false
  /// Channels of the tensors that make up the input (forward) or the result (backward-data).
  var parts: [Int]?

  struct Result {
    var values: [Float]
    /// Mean, variance and inverse deviation of each channel.
    var statistics: [[Float]] = []
  }

  static let epsilon = 1e-5

  var sourceChannels: Int { part == .forward ? shape.inputChannels : shape.outputChannels }
  var resultChannels: Int { part == .forward ? shape.outputChannels : shape.inputChannels }

  func callAsFunction(_ source: [Float], _ weight: [Float]) -> Result {
    let memory = TestMemory(.endsAtWall)
    let weights = UnsafePointer(memory.copy(weight))
    let offset = bias.map { UnsafePointer(memory.copy($0)) }
    let result =
      part == .forward
      ? forward(source, weights, offset, memory) : backwardData(source, weights, offset, memory)
    precondition(memory.isIntact, "the kernel wrote beside its operands: \(shape)")
    return result
  }

  private func forward(
    _ source: [Float], _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ memory: TestMemory
  ) -> Result {
    let input = memory.inputParts(source, parts ?? [shape.inputChannels], normalization)
    let output = memory.output(shape.outputElementCount, Float.self)
    var result = Result(values: [])
    let moments = gathersStatistics ? ConvolutionMoments(forward: shape, tile) : nil
    let gathered = moments.map { memory.output($0.elementCount, Float.self) }
    Winograd.forward(
      shape, tile, input: input, weight: weights, bias: bias, rectified: rectified, moments: gathered,
      output: output, workspace: memory.workspace(Winograd.forwardWorkspace(shape, tile)))
    if let moments, let gathered {
      let vectors = (0..<3).map { _ in memory.output(shape.outputChannels, Float.self) }
      moments.statistics(
        gathered, epsilon: Self.epsilon, mean: vectors[0], variance: vectors[1],
        inverseDeviation: vectors[2], workspace: memory.workspace(moments.workspaceByteCount))
      result.statistics = vectors.map { Array(UnsafeBufferPointer(start: $0, count: shape.outputChannels)) }
    }
    result.values = Array(UnsafeBufferPointer(start: output, count: shape.outputElementCount))
    return result
  }

  private func backwardData(
    _ gradient: [Float], _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ memory: TestMemory
  ) -> Result {
    let parts = parts ?? [shape.inputChannels]
    let pixels = shape.batch * shape.input.count
    let outputs = parts.map { memory.output(pixels * $0, Float.self) }
    Winograd.backwardData(
      shape, tile, outputGradient: memory.copy(gradient), weight: weights, bias: bias, rectified: rectified,
      inputGradient: zip(outputs, parts).map { ConvolutionOutputPart($0, channels: $1) },
      workspace: memory.workspace(Winograd.backwardDataWorkspace(shape, tile)))
    let values = zip(outputs, parts).map { Array(UnsafeBufferPointer(start: $0, count: pixels * $1)) }
    return Result(values: joinChannels(values, of: parts))
  }
}
