import MartletKernels

/// A transposed convolution whose weight was prepared.
///
/// Inputs: those of ``TransposedConvolutionOperation``, the weight as ``PrepareWeight`` leaves it. Made by graph passes only.
struct PreparedTransposedConvolution: Operation {
  var convolution: TransposedConvolutionOperation
  var weight: PreparedWeight

  var name: String { convolution.name }
  var detail: String { "\(convolution.detail) prepared" }

  private func plainInputs(_ inputs: [TensorType]) -> [TensorType] {
    var plain = inputs
    plain[1] = weight.type
    return plain
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    _ = try weight.type(ofPrepared: inputs[1], name)
    return try convolution.inferOutputs(plainInputs(inputs))
  }

  private func shape(_ inputs: [TensorType], _ outputs: [TensorType]) -> ConvolutionShape {
    convolution.shape(inputs: plainInputs(inputs), outputs: outputs)
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    convolution.algorithm.workspaceByteCount(
      convolution.part, shape(inputs, outputs), inputs[0].checkedFormat, weightIsPrepared: true)
  }

  func run(_ call: OperationCall) {
    convolution.algorithm.backwardData(
      shape(call.inputs.map(\.type), call.outputs.map(\.type)), call.inputs[0].type.checkedFormat,
      outputGradient: call.inputs[0].address, weight: call.inputs[1].address, weightIsPrepared: true,
      bias: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil,
      rectified: convolution.rectifies, inputGradient: call.outputs[0].address, workspace: call.workspace)
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs, outputs).multiplyAdds
  }
}
