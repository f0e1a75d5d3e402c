import MartletKernels

/// Runs the gradient of the weights on arrays behind walls, with the workspace and the result full of rubbish first.
struct WinogradWeightsRun {
  let shape: ConvolutionShape
  let tile: Int
  /// Channels of the tensors that the operands are slices of, and the first channel of the slices.
  var inputPitch: Int?
  var outputGradientPitch: Int?
  var affine: (scale: [Float], shift: [Float], rectified: Bool)?

  func callAsFunction(_ input: [Float], _ outputGradient: [Float]) -> [Float] {
    let memory = TestMemory(.endsAtWall)
    let input = memory.copy(spreadPixels(input, channels: shape.inputChannels, pitch: inputPitch))
    let gradient = memory.copy(
      spreadPixels(outputGradient, channels: shape.outputChannels, pitch: outputGradientPitch))
    let count = shape.weightElementCount
    let result = memory.rubbish(count * 4, alignment: 4).bindMemory(to: Float.self, capacity: count)
    let workspace = memory.workspace(WinogradWeightGradient.workspace(shape, tile: tile))
    let map = affine.map {
      InputAffine(scale: memory.copy($0.scale), shift: memory.copy($0.shift), rectified: $0.rectified)
    }
    WinogradWeightGradient.run(
      shape, tile: tile, input: input, outputGradient: gradient, weightGradient: result, workspace: workspace,
      inputPitch: inputPitch, outputGradientPitch: outputGradientPitch, inputAffine: map)
    precondition(memory.isIntact, "the kernel wrote beside its operands: \(shape)")
    return Array(UnsafeBufferPointer(start: result, count: count))
  }
}
