import MartletKernels

/// One run of a Winograd convolution on arrays, between unmapped pages, with what it can do besides.
struct WinogradCall {
  let shape: ConvolutionShape
  let tile: WinogradTile
  /// Forward or backward-data.
  let part: ConvolutionPart
  var bias: [Float]?
  var rectified = false
  var affine: (scale: [Float], shift: [Float])?
  var pivot: [Float]?
  /// Channels of the tensors that source and result are slices of.
  var sourcePitch: Int?
  var resultPitch: Int?
  /// Whether weights are transformed in a call of their own; forward only.
  var transformsWeightsFirst = false

  struct Result {
    var values: [Float]
    /// [piece][2][result channels]
    var moments: [Float]
  }

  var sourceChannels: Int { part == .forward ? shape.inputChannels : shape.outputChannels }
  var resultChannels: Int { part == .forward ? shape.outputChannels : shape.inputChannels }
  var pieces: Int {
    part == .forward
      ? Winograd.momentPieces(forward: shape, tile) : Winograd.momentPieces(backwardData: shape, tile)
  }

  func callAsFunction(_ source: [Float], _ weight: [Float]) -> Result {
    let memory = TestMemory(.endsAtWall)
    var hooks = WinogradHooks()
    hooks.inputAffine = affine.map {
      (UnsafePointer(memory.copy($0.scale)), UnsafePointer(memory.copy($0.shift)))
    }
    hooks.sourcePitch = sourcePitch
    hooks.resultPitch = resultPitch
    let momentCount = pivot == nil ? 0 : pieces * 2 * resultChannels
    let moments = memory.output(momentCount, Float.self)
    hooks.outputMoments = pivot.map { (UnsafePointer(memory.copy($0)), moments) }

    let input = memory.copy(spreadPixels(source, channels: sourceChannels, pitch: sourcePitch))
    let weights = memory.copy(weight)
    let offset = bias.map { UnsafePointer(memory.copy($0)) }
    let pixels = shape.batch * (part == .forward ? shape.output : shape.input).count
    let pitch = resultPitch ?? resultChannels
    let count = max(0, (pixels - 1) * pitch + resultChannels)
    // Between a slice's pixels lies what must stay as it is.
    let result = memory.inOut([Float](repeating: 7, count: count))
    switch part {
    case .forward where transformsWeightsFirst:
      let bytes = Winograd.transformedForwardWeightBytes(shape, tile)
      let transformed = memory.workspace(bytes).bindMemory(to: Float.self, capacity: bytes / 4)
      Winograd.transformForwardWeights(shape, tile, weight: weights, to: transformed)
      Winograd.forward(
        shape, tile, input: input, transformedWeight: transformed, bias: offset, rectified: rectified,
        hooks: hooks, output: result,
        workspace: memory.workspace(Winograd.forwardWorkspace(shape, tile, weightsAreTransformed: true)))
    case .forward:
      Winograd.forward(
        shape, tile, input: input, weight: weights, bias: offset, rectified: rectified, hooks: hooks,
        output: result, workspace: memory.workspace(Winograd.forwardWorkspace(shape, tile)))
    default:
      Winograd.backwardData(
        shape, tile, outputGradient: input, weight: weights, bias: offset, rectified: rectified, hooks: hooks,
        inputGradient: result, workspace: memory.workspace(Winograd.backwardDataWorkspace(shape, tile)))
    }
    precondition(memory.isIntact, "the kernel wrote beside its operands: \(shape)")

    var values: [Float] = []
    values.reserveCapacity(pixels * resultChannels)
    for pixel in 0..<pixels {
      values += UnsafeBufferPointer(start: result + pixel * pitch, count: resultChannels)
      guard pixel + 1 < pixels else { break }
      for i in resultChannels..<pitch {
        precondition(result[pixel * pitch + i] == 7, "the kernel wrote between pixels: \(shape)")
      }
    }
    return Result(values: values, moments: Array(UnsafeBufferPointer(start: moments, count: momentCount)))
  }
}
