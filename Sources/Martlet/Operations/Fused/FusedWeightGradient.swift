import MartletKernels

/// A convolution's weight gradient by Winograd's algorithm that reads an input which others would have joined and
/// normalised.
///
/// Inputs: those of ``input`` and the gradient of the convolution's output. Made by graph passes only.
public struct FusedWeightGradient: Operation, InputFusing {
  /// What is computed, of an input in one piece.
  public let weightGradient: ConvolutionWeightGradient
  /// What the convolution's activation is made of.
  public var input = ConvolutionInput.plain
  private let tile: WinogradTile

  /// `nil` when the gradient's algorithm cannot be fused with anything.
  init?(_ weightGradient: ConvolutionWeightGradient) {
    guard case .winograd(let tile) = weightGradient.algorithm else { return nil }
    self.weightGradient = weightGradient
    self.tile = tile
  }

  public var name: String { weightGradient.name }

  public var detail: String {
    [weightGradient.detail, input.detail].filter { !$0.isEmpty }.joined(separator: " ")
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try weightGradient.inferOutputs([try input.joinedType(inputs, name)] + inputs[input.valueCount...])
  }

  private func shape(_ inputs: [TensorType]) -> ConvolutionShape {
    weightGradient.shape(
      inputs: [input.joinedType(ofChecked: inputs), inputs[input.valueCount]], outputs: [])
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    var scratch = WorkspaceCursor()
    input.measure(inputs, &scratch)
    _ = scratch.take(WinogradWeightGradient.workspace(shape(inputs), tile: tile))
    return scratch.byteCount
  }

  public func run(_ call: OperationCall) throws {
    let shape = shape(call.inputs.map(\.type))
    var scratch = WorkspaceCursor(call.workspace)
    let parts = input.kernelParts(call.inputs, &scratch)
    WinogradWeightGradient.run(
      shape, tile: tile, input: parts, outputGradient: call.inputs[input.valueCount].elements(),
      weightGradient: call.outputs[0].elements(),
      workspace: scratch.take(WinogradWeightGradient.workspace(shape, tile: tile)))
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int { shape(inputs).multiplyAdds }
}
