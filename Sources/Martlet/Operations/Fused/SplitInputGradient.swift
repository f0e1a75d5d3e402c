import MartletKernels

/// A convolution's input gradient by Winograd's algorithm whose channels go to several tensors: to each of those that
/// were joined as the convolution's input, its own.
///
/// Inputs: the gradient of the convolution's output, the weight and, where a transposed convolution is what it came
/// from, a bias or none. Outputs: one of each number of channels. Made by graph passes only.
public struct SplitInputGradient: Operation {
  /// What is computed, to an output in one piece.
  public let inputGradient: TransposedConvolutionOperation
  /// Of each output. They add up to those of the whole.
  public let channels: [Int]
  private let tile: WinogradTile

  /// `nil` when the gradient's algorithm cannot be fused with anything.
  init?(_ inputGradient: TransposedConvolutionOperation, channels: [Int]) {
    guard case .winograd(let tile) = inputGradient.algorithm else { return nil }
    self.inputGradient = inputGradient
    self.channels = channels
    self.tile = tile
  }

  public var name: String { inputGradient.name }
  public var detail: String { "\(inputGradient.detail) in \(channels.count) parts" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let joined = try inputGradient.inferOutputs(inputs)[0]
    try require(
      joined.scalar == .float32 && joined.shape[1] == channels.reduce(0, +), name,
      "expected a float32 gradient of \(channels) channels, got \(joined)")
    return channels.map { joined.with(shape: [joined.shape[0], $0] + joined.space) }
  }

  private func shape(_ inputs: [TensorType], _ outputs: [TensorType]) -> ConvolutionShape {
    var joined = outputs[0]
    joined.shape[1] = channels.reduce(0, +)
    return inputGradient.shape(inputs: inputs, outputs: [joined])
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    Winograd.backwardDataWorkspace(shape(inputs, outputs), tile)
  }

  public func run(_ call: OperationCall) throws {
    Winograd.backwardData(
      shape(call.inputs.map(\.type), call.outputs.map(\.type)), tile,
      outputGradient: call.inputs[0].elements(), weight: call.inputs[1].elements(),
      bias: call.inputs.dropFirst(2).first.map { UnsafePointer($0.elements(Float.self)) },
      rectified: inputGradient.rectifies,
      inputGradient: zip(call.outputs, channels).map { ConvolutionOutputPart($0.elements(), channels: $1) },
      workspace: call.workspace)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs, outputs).multiplyAdds
  }
}
