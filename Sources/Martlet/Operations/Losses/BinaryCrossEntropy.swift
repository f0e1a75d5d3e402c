import MartletKernels

/// The attributes of binary cross-entropy.
struct BinaryCrossEntropyAttributes: Hashable, Sendable {
  var hasWeights: Bool
  var hasPositiveWeights: Bool
  var reduction: LossReduction

  static let name = "binary_cross_entropy_with_logits"

  /// Inputs are logits and targets, then weights and positive weights where there are some, all of one type.
  func check(_ inputs: [TensorType]) throws {
    try require(
      inputs[0].scalar.isFloatingPoint, Self.name, "expected floating-point logits, got \(inputs[0])")
    for input in inputs.prefix(2 + (hasWeights ? 1 : 0) + (hasPositiveWeights ? 1 : 0)) {
      try require(input == inputs[0], Self.name, "expected targets and weights of \(inputs[0]), got \(input)")
    }
  }

  func kernel(_ inputs: [Operand]) -> BinaryCrossEntropyKernel {
    let type = inputs[0].type
    return BinaryCrossEntropyKernel(
      type: type.scalar.elementType, count: type.elementCount, targets: inputs[1].address,
      weights: hasWeights ? UnsafeRawPointer(inputs[2].address) : nil,
      positiveWeights: hasPositiveWeights ? UnsafeRawPointer(inputs[hasWeights ? 3 : 2].address) : nil)
  }
}

/// Binary cross-entropy of logits and targets from 0 to 1.
struct BinaryCrossEntropyOperation: Operation {
  var attributes: BinaryCrossEntropyAttributes

  var name: String { BinaryCrossEntropyAttributes.name }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try attributes.check(inputs)
    return [attributes.reduction == .none ? inputs[0] : TensorType([], inputs[0].scalar)]
  }

  func run(_ call: OperationCall) {
    let keepsEach = attributes.reduction == .none
    let sum = attributes.kernel(call.inputs).run(
      logits: call.inputs[0].address, losses: keepsEach ? call.outputs[0].address : nil)
    if !keepsEach {
      let count = Double(call.inputs[0].type.elementCount)
      call.outputs[0].store(attributes.reduction == .mean ? sum / count : sum)
    }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try require(
      !context.wanted.dropFirst().contains(true), name,
      "has a gradient for the logits only; one was asked for the targets or the weights")
    let dx = try Tensor.apply(
      BinaryCrossEntropyGradientOperation(attributes: attributes), context.inputs + [context.outputGradient])[
        0]
    return [dx] + [Tensor?](repeating: nil, count: context.inputs.count - 1)
  }
}

/// The logits' gradient of ``BinaryCrossEntropyOperation``, from its inputs and the loss's gradient.
struct BinaryCrossEntropyGradientOperation: Operation {
  var attributes: BinaryCrossEntropyAttributes

  var name: String { "\(BinaryCrossEntropyAttributes.name)_backward" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try attributes.check(inputs)
    return [inputs[0]]
  }

  func run(_ call: OperationCall) {
    let dy = call.inputs[call.inputs.count - 1]
    let scale: Double =
      switch attributes.reduction {
      case .none: 1
      case .sum: dy.loadReal()
      case .mean: dy.loadReal() / Double(call.inputs[0].type.elementCount)
      }
    attributes.kernel(call.inputs).gradient(
      logits: call.inputs[0].address, dy: attributes.reduction == .none ? UnsafeRawPointer(dy.address) : nil,
      scale: scale, dx: call.outputs[0].address)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }
}

extension Loss {
  /// The binary cross-entropy of logits x and targets t, as PyTorch's `binary_cross_entropy_with_logits` defines it:
  /// −w · (p · t · log σ(x) + (1 − t) · log(1 − σ(x))) for each element.
  ///
  /// - Parameters:
  ///   - logits: Any shape, floating point.
  ///   - targets: Numbers from 0 to 1, of the logits' shape and element type.
  ///   - weights: Broadcast to the logits' shape; `nil` for 1.
  ///   - positiveWeights: What the positive part weighs, broadcast to the logits' shape: [C, 1, 1] for one a channel
  ///     of [N, C, H, W]. `nil` for 1.
  /// - Returns: Shape [], or the logits' shape without a reduction.
  /// - Throws: ``MartletError`` when shapes or types do not fit.
  public static func binaryCrossEntropyWithLogits(
    _ logits: Tensor, _ targets: Tensor, weights: Tensor? = nil, positiveWeights: Tensor? = nil,
    reduction: LossReduction = .mean
  ) throws -> Tensor {
    let attributes = BinaryCrossEntropyAttributes(
      hasWeights: weights != nil, hasPositiveWeights: positiveWeights != nil, reduction: reduction)
    try require(
      targets.shape == logits.shape && targets.scalar == logits.scalar, BinaryCrossEntropyAttributes.name,
      "expected targets of \(logits.type), got \(targets.type)")
    let extra = try [weights, positiveWeights].compactMap { try $0?.broadcast(to: logits.type) }
    return try Tensor.apply(
      BinaryCrossEntropyOperation(attributes: attributes),
      [logits, targets.converted(to: logits.layout)] + extra)[0]
  }
}
