import Martlet
import MartletKernels

/// One part of a convolution on random numbers, in memory of its own; it gives the part's result.
func convolutionWork(
  _ part: ConvolutionPart, _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm
) throws -> () -> Floats {
  let input = try Floats(shape.inputElementCount, stream: 1)
  let output = try Floats(shape.outputElementCount, stream: 2)
  let weight = try Floats(shape.weightElementCount, stream: 3)
  let workspace = try Storage(byteCount: algorithm.workspaceByteCount(part, shape, .float32))
  switch part {
  case .forward:
    return {
      algorithm.forward(
        shape, .float32, input: input.address, weight: weight.address, bias: nil, output: output.address,
        workspace: workspace.address)
      return output
    }
  case .backwardData:
    return {
      algorithm.backwardData(
        shape, .float32, outputGradient: output.address, weight: weight.address,
        inputGradient: input.address, workspace: workspace.address)
      return input
    }
  case .backwardWeights:
    return {
      algorithm.backwardWeights(
        shape, .float32, input: input.address, outputGradient: output.address,
        weightGradient: weight.address, workspace: workspace.address)
      return weight
    }
  }
}
