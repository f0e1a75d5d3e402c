import MartletKernels

/// A convolution that does some of its neighbours' work, and whose weights may have been prepared.
///
/// By Winograd's algorithm it reads an input that others would have joined and normalised, and gathers the statistics that
/// batch normalisation wants of its output.
///
/// Inputs: those of ``input``, the weight, optionally a bias and, where ``addsLast``, a tensor that is added. Outputs: that of the convolution and, where
/// ``statisticsEpsilon`` is set, those of ``BatchNormStatistics`` on it. Made by graph passes only.
public struct FusedConvolution: Operation, InputFusing, AlgorithmicConvolution, RectifyingConvolution {
  /// What is computed, but for the neighbours' work.
  public var convolution: ConvolutionOperation
  /// What the convolution's activation is made of.
  public var input = ConvolutionInput.plain
  /// What is added to variances; `nil` where no statistics are gathered.
  public var statisticsEpsilon: Double?
  /// Whether the last input, of the output's type, is added to the result before that is rectified.
  public var addsLast = false
  /// What the weight was, where it comes prepared.
  var preparedWeight: PreparedWeight?

  init(_ convolution: ConvolutionOperation) { self.convolution = convolution }

  public var name: String { convolution.name }
  /// The convolution's.
  public var numerics: Numerics { convolution.numerics }
  var part: ConvolutionPart { .forward }

  var algorithm: ConvolutionAlgorithm {
    get { convolution.algorithm }
    set { convolution.algorithm = newValue }
  }

  /// The convolution's: whether what is negative, after the addition if there is one, becomes 0.
  public var rectifies: Bool {
    get { convolution.rectifies }
    set { convolution.rectifies = newValue }
  }

  var readsParts: Bool { convolution.algorithm.readsParts }

  public var detail: String {
    [
      convolution.detail, addsLast ? "after adding" : "", input.detail,
      statisticsEpsilon == nil ? "" : "with statistics",
      preparedWeight == nil ? "" : "prepared",
    ]
    .filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// The convolution's own inputs.
  private func plainInputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let weight = inputs[input.valueCount]
    return [try joinedInput(inputs), try preparedWeight?.type(ofPrepared: weight, name) ?? weight]
      + inputs[(input.valueCount + 1)...].dropLast(addsLast ? 1 : 0)
  }

  private func joinedInput(_ inputs: [TensorType]) throws -> TensorType {
    input == .plain ? inputs[0] : try input.joinedType(inputs, name)
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let outputs = try convolution.inferOutputs(plainInputs(inputs))
    try require(
      readsParts || (input == .plain && statisticsEpsilon == nil), name,
      "expected Winograd's algorithm to read \(input.detail), got \(algorithm)")
    try require(
      !addsLast || (inputs.last == outputs[0] && statisticsEpsilon == nil), name,
      "expected \(outputs[0]) to add, and no statistics, got \(inputs)")
    guard statisticsEpsilon != nil else { return outputs }
    try require(
      outputs[0].elementCount > 0 && !convolution.rectifies, name,
      "expected statistics of a result that is neither empty nor rectified, got \(outputs[0])")
    return outputs + (try BatchNormStatistics().inferOutputs(outputs))
  }

  func shape(inputs: [TensorType], outputs: [TensorType]) -> ConvolutionShape {
    convolution.shape(
      inputs: [
        input.joinedType(ofChecked: inputs), preparedWeight?.type ?? inputs[input.valueCount],
      ], outputs: [outputs[0]])
  }

  /// The convolution's scratch, what it gathers, and scratch for what is made of that.
  private func takeScratch(
    _ shape: ConvolutionShape, _ format: RealFormat, _ scratch: inout WorkspaceCursor
  ) -> (
    own: UnsafeMutableRawPointer, moments: UnsafeMutablePointer<Float>?, joining: UnsafeMutableRawPointer?
  ) {
    let own = scratch.take(
      algorithm.workspaceByteCount(part, shape, format, weightIsPrepared: preparedWeight != nil))
    guard statisticsEpsilon != nil, case .winograd(let tile) = algorithm else { return (own, nil, nil) }
    let moments = ConvolutionMoments(forward: shape, tile)
    let gathered = scratch.take(moments.elementCount * MemoryLayout<Float>.stride)
    return (own, gathered.assumingMemoryBound(to: Float.self), scratch.take(moments.workspaceByteCount))
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    var scratch = WorkspaceCursor()
    input.measure(inputs, &scratch)
    _ = takeScratch(shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat, &scratch)
    return scratch.byteCount
  }

  public func run(_ call: OperationCall) throws {
    let shape = shape(inputs: call.inputs.map(\.type), outputs: call.outputs.map(\.type))
    let format = call.inputs[0].type.checkedFormat
    var scratch = WorkspaceCursor(call.workspace)
    let weight = call.inputs[input.valueCount]
    let bias = call.inputs[(input.valueCount + 1)...].dropLast(addsLast ? 1 : 0).first
    let addend = addsLast ? call.inputs.last : nil
    guard case .winograd(let tile) = algorithm else {
      return algorithm.forward(
        shape, format, input: call.inputs[0].address, weight: weight.address,
        weightIsPrepared: preparedWeight != nil, bias: bias.map { UnsafeRawPointer($0.address) },
        addend: addend.map { UnsafeRawPointer($0.address) }, rectified: rectifies,
        output: call.outputs[0].address,
        workspace: takeScratch(shape, format, &scratch).own)
    }
    let parts = input.kernelParts(call.inputs, &scratch)
    let (own, moments, joining) = takeScratch(shape, format, &scratch)
    Winograd.forward(
      shape, tile, input: parts, weight: weight.elements(), weightIsPrepared: preparedWeight != nil,
      bias: bias.map { UnsafePointer($0.elements(Float.self)) },
      addend: addend.map { UnsafePointer($0.elements(Float.self)) }, rectified: rectifies, moments: moments,
      output: call.outputs[0].elements(), workspace: own)
    guard let statisticsEpsilon, let moments, let joining else { return }
    ConvolutionMoments(forward: shape, tile).statistics(
      moments, epsilon: statisticsEpsilon, mean: call.outputs[1].address, variance: call.outputs[2].address,
      inverseDeviation: call.outputs[3].address, workspace: joining)
  }

  /// The result over what is added to it.
  public func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    guard addsLast,
      algorithm.addsInPlace(shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat)
    else { return [] }
    return [InPlacePair(output: 0, input: inputs.count - 1)]
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs: inputs, outputs: outputs).multiplyAdds
  }

  public func preparation(inputs: [TensorType], outputs: [TensorType]) -> Preparation? {
    guard preparedWeight == nil else { return nil }
    let weight = PreparedWeight(
      type: inputs[input.valueCount],
      order: PreparedWeights(
        algorithm, part, shape(inputs: inputs, outputs: outputs), inputs[0].checkedFormat))
    var prepared = self
    prepared.preparedWeight = weight
    return Preparation(input: input.valueCount, prepare: PrepareWeight(weight: weight), run: prepared)
  }
}

extension ConvolutionAlgorithm {
  /// Whether it can read its input in parts and gather statistics.
  var readsParts: Bool {
    if case .winograd = self { true } else { false }
  }
}
