import MartletKernels

/// A convolution, or a transposed one, whose operands are rounded where they are multiplied. Activations stay float32.
///
/// Inputs: the parts of ``input``, the weight as ``RoundWeight`` leaves it, optionally a bias and, where ``addsLast``, a
/// tensor that is added. Made by graph passes only.
struct NarrowConvolutionOperation<Convolution: AlgorithmicConvolution & RectifyingConvolution>: Operation {
  /// What is computed; its algorithm is how.
  var convolution: Convolution
  var format: NarrowFormat
  var input: ConvolutionInput
  /// Whether the last input, of the output's type, is added to the result before that is rectified.
  var addsLast: Bool
  /// What the weight was.
  var weight: TensorType

  var name: String { convolution.name }
  var detail: String {
    [convolution.detail, format.description, addsLast ? "after adding" : "", input.detail].filter {
      !$0.isEmpty
    }
    .joined(separator: " ")
  }

  /// `nil` where there are no such kernels for the convolution's algorithm and shape.
  func kernel(_ inputs: [TensorType], _ outputs: [TensorType]) -> NarrowConvolution? {
    format.convolution(
      convolution.algorithm, convolution.part, shape(inputs: inputs, outputs: outputs))
  }

  private func shape(inputs: [TensorType], outputs: [TensorType]) -> ConvolutionShape {
    convolution.shape(inputs: [input.joinedType(ofChecked: inputs), weight], outputs: outputs)
  }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let joined = input == .plain ? inputs[0] : try input.joinedType(inputs, name)
    let outputs = try convolution.inferOutputs([joined, weight] + rest(inputs).bias)
    let prepared = inputs[input.valueCount]
    try require(
      joined.scalar == .float32 && input.parts.allSatisfy { $0 == .plain }
        && (!addsLast || inputs.last == outputs[0])
        && kernel(inputs, outputs).map { RoundWeight(weight, $0.weights).preparedType } == prepared,
      name, "expected float32 activations and weights rounded for them, got \(inputs)")
    return outputs
  }

  /// What follows the weight: no bias or one, and what is added.
  private func rest<Value>(_ inputs: [Value]) -> (bias: ArraySlice<Value>, addend: Value?) {
    (inputs[(input.valueCount + 1)...].dropLast(addsLast ? 1 : 0), addsLast ? inputs.last : nil)
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    kernel(inputs, outputs)?.workspaceByteCount ?? 0
  }

  func run(_ call: OperationCall) throws {
    guard let kernel = kernel(call.inputs.map(\.type), call.outputs.map(\.type)) else {
      preconditionFailure("types were checked: \(call.inputs.map(\.type))")
    }
    let (bias, addend) = rest(call.inputs)
    kernel.run(
      input: call.inputs[..<input.valueCount].map {
        ConvolutionInputPart($0.elements(), channels: $0.type.shape[1])
      }, preparedWeight: call.inputs[input.valueCount].address,
      bias: bias.first.map { UnsafePointer($0.elements(Float.self)) },
      addend: addend.map { UnsafePointer($0.elements(Float.self)) }, rectified: convolution.rectifies,
      output: call.outputs[0].elements(), workspace: call.workspace)
  }

  /// The result over what is added to it.
  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    guard addsLast, kernel(inputs, outputs)?.addsInPlace == true else { return [] }
    return [InPlacePair(output: 0, input: inputs.count - 1)]
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    shape(inputs: inputs, outputs: outputs).multiplyAdds
  }
}

extension NarrowFormat: CustomStringConvertible {
  public var description: String {
    switch self {
    case .bfloat16: Precision.bfloat16.rawValue
    case .int8: Precision.int8.rawValue
    }
  }
}

/// Rounds a convolution's weight, in the order in which its kernels read it.
struct RoundWeight: WeightPreparation {
  private let weight: TensorType
  private let order: NarrowWeights

  init(_ weight: TensorType, _ order: NarrowWeights) {
    self.weight = weight
    self.order = order
  }

  var name: String { "round_weight" }

  /// A row of bytes.
  var preparedType: TensorType { TensorType([order.byteCount], .uint8) }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      inputs[0] == weight && weight.scalar == .float32, name, "expected a weight \(weight), got \(inputs[0])")
    return [preparedType]
  }

  func run(_ call: OperationCall) {
    order.prepare(call.inputs[0].elements(), to: call.outputs[0].address)
  }
}
