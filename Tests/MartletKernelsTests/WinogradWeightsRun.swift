import MartletKernels

/// Runs the gradient of the weights on arrays behind walls, with the workspace and the result full of rubbish first.
struct WinogradWeightsRun {
  let shape: ConvolutionShape
  let tile: WinogradTile
  /// Channels of the tensors that the input lies in.
  var inputParts: [Int]?
  var normalization: TestNormalization?

  func callAsFunction(_ input: [Float], _ outputGradient: [Float]) -> [Float] {
    let memory = TestMemory(.endsAtWall)
    let input = memory.inputParts(input, inputParts ?? [shape.inputChannels], normalization)
    let gradient = memory.copy(outputGradient)
    let count = shape.weightElementCount
    let result = memory.rubbish(count * 4, alignment: 4).bindMemory(to: Float.self, capacity: count)
    let workspace = memory.workspace(WinogradWeightGradient.workspace(shape, tile: tile))
    WinogradWeightGradient.run(
      shape, tile: tile, input: input, outputGradient: gradient, weightGradient: result, workspace: workspace)
    precondition(memory.isIntact, "the kernel wrote beside its operands: \(shape)")
    return Array(UnsafeBufferPointer(start: result, count: count))
  }
}
