import MartletKernels

/// A convolution by Winograd's algorithm that does some of its neighbours' work: it reads an input that others would
/// have joined and normalised, and gathers the statistics that batch normalisation wants of its output.
///
/// Inputs: those of ``input``, the weight and, optionally, a bias. Outputs: that of the convolution and, where
/// ``statisticsEpsilon`` is set, those of ``BatchNormStatistics`` on it. Made by graph passes only.
public struct FusedConvolution: Operation, InputFusing {
  public let convolution: ConvolutionOperation
  public var input = ConvolutionInput.plain
  /// What is added to variances; `nil` where no statistics are gathered.
  public var statisticsEpsilon: Double?
  private let tile: WinogradTile

  /// `nil` when the convolution's algorithm cannot be fused with anything.
  init?(_ convolution: ConvolutionOperation) {
    guard case .winograd(let tile) = convolution.algorithm else { return nil }
    self.convolution = convolution
    self.tile = tile
  }

  public var name: String { convolution.name }

  public var detail: String {
    [convolution.detail, input.detail, statisticsEpsilon == nil ? "" : "with statistics"]
      .filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The convolution's own inputs.
  private func plainInputs(_ inputs: [TensorType]) throws -> [TensorType] {
    [try input.joinedType(inputs, name)] + inputs[input.valueCount...]
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let outputs = try convolution.inferOutputs(plainInputs(inputs))
    guard statisticsEpsilon != nil else { return outputs }
    try require(
      outputs[0].elementCount > 0 && !convolution.rectifies, name,
      "expected statistics of a result that is neither empty nor rectified, got \(outputs[0])")
    return outputs + (try BatchNormStatistics().inferOutputs(outputs))
  }

  private func shape(_ inputs: [TensorType], _ output: TensorType) -> ConvolutionShape {
    convolution.shape(
      inputs: [input.joinedType(ofChecked: inputs), inputs[input.valueCount]], outputs: [output])
  }

  /// The convolution's scratch, what it gathers, and scratch for what is made of that.
  private func takeScratch(
    _ shape: ConvolutionShape, _ scratch: inout WorkspaceCursor
  ) -> (
    own: UnsafeMutableRawPointer, moments: UnsafeMutablePointer<Float>?, joining: UnsafeMutableRawPointer?
  ) {
    let own = scratch.take(Winograd.forwardWorkspace(shape, tile))
    guard statisticsEpsilon != nil else { return (own, nil, nil) }
    let moments = ConvolutionMoments(forward: shape, tile)
    let gathered = scratch.take(moments.elementCount * MemoryLayout<Float>.stride)
    return (own, gathered.assumingMemoryBound(to: Float.self), scratch.take(moments.workspaceByteCount))
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    var scratch = WorkspaceCursor()
    input.measure(inputs, &scratch)
    _ = takeScratch(shape(inputs, outputs[0]), &scratch)
    return scratch.byteCount
  }

  public func run(_ call: OperationCall) throws {
    let shape = shape(call.inputs.map(\.type), call.outputs[0].type)
    var scratch = WorkspaceCursor(call.workspace)
    let parts = input.kernelParts(call.inputs, &scratch)
    let (own, moments, joining) = takeScratch(shape, &scratch)
    let (weight, bias) = (call.inputs[input.valueCount], call.inputs.dropFirst(input.valueCount + 1).first)
    Winograd.forward(
      shape, tile, input: parts, weight: weight.elements(),
      bias: bias.map { UnsafePointer($0.elements(Float.self)) },
      rectified: convolution.rectifies, moments: moments, output: call.outputs[0].elements(), workspace: own)
    guard let statisticsEpsilon, let moments, let joining else { return }
    ConvolutionMoments(forward: shape, tile).statistics(
      moments, epsilon: statisticsEpsilon, mean: call.outputs[1].address, variance: call.outputs[2].address,
      inverseDeviation: call.outputs[3].address, workspace: joining)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs, outputs[0]).multiplyAdds
  }
}
