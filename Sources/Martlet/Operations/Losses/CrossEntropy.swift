import MartletKernels

/// What becomes of the losses of single positions.
public enum LossReduction: Hashable, Sendable {
  /// Each position's loss.
  case none
  case sum
  /// The mean; for cross-entropy weighted by the weights of the targets' classes, as in PyTorch.
  case mean
}

/// The attributes of cross-entropy.
struct CrossEntropyAttributes: Hashable, Sendable {
  var hasWeights: Bool
  var ignoredIndex: Int
  var reduction: LossReduction
  var labelSmoothing: Double

  static let name = "cross_entropy"

  /// Checks logits, targets and weights.
  func check(_ inputs: [TensorType]) throws {
    let (logits, targets) = (inputs[0], inputs[1])
    try require(
      logits.scalar.isFloatingPoint && logits.rank >= 2, Self.name,
      "expected floating-point logits of shape [N, C, space…], got \(logits)")
    try require(
      logits.rank == 2 || logits.layout == .channelsLast, Self.name,
      "expected channels-last logits, got \(logits)")
    try require(logits.shape[1] > 0, Self.name, "expected at least one class, got logits \(logits.shape)")
    let positions = [logits.shape[0]] + logits.shape[2...]
    try require(
      targets.shape == positions, Self.name,
      "expected targets of shape \(positions) for logits \(logits.shape), got \(targets.shape)")
    try require(
      [.uint8, .int32, .int64].contains(targets.scalar), Self.name,
      "expected class indices as int64, int32 or uint8, got \(targets.scalar.rawValue)")
    try require(targets.layout == .rowMajor, Self.name, "expected row-major targets, got \(targets)")
    if hasWeights {
      try require(
        inputs[2].shape == [logits.shape[1]] && inputs[2].scalar == logits.scalar, Self.name,
        "expected \(logits.scalar.rawValue) class weights of shape [\(logits.shape[1])], got \(inputs[2])")
    }
    try require(
      (0...1).contains(labelSmoothing), Self.name,
      "expected a label smoothing from 0 to 1, got \(labelSmoothing)")
  }

  /// The kernel for the operands that ``check(_:)`` describes.
  func kernel(_ inputs: [Operand]) -> CrossEntropyKernel {
    let (logits, targets) = (inputs[0].type, inputs[1])
    return CrossEntropyKernel(
      type: logits.scalar.elementType, rows: targets.type.elementCount, classes: logits.shape[1],
      targets: targets.address, targetType: targets.type.scalar.elementType,
      weights: hasWeights ? UnsafeRawPointer(inputs[2].address) : nil, ignoredIndex: ignoredIndex,
      smoothing: labelSmoothing)
  }
}

/// Cross-entropy of logits and class indices.
///
/// Inputs: logits, targets and, where there are some, class weights. Outputs: the loss; each position's log Σ exp and
/// the sum of the targets' weights, for the gradient.
struct CrossEntropyOperation: Operation {
  var attributes: CrossEntropyAttributes

  var name: String { CrossEntropyAttributes.name }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try attributes.check(inputs)
    let (scalar, positions) = (inputs[0].scalar, inputs[1].shape)
    return [
      TensorType(attributes.reduction == .none ? positions : [], scalar), TensorType(positions, .float64),
      TensorType([], .float64),
    ]
  }

  func run(_ call: OperationCall) throws {
    let keepsEach = attributes.reduction == .none
    let outcome = attributes.kernel(call.inputs).run(
      logits: call.inputs[0].address, losses: keepsEach ? call.outputs[0].address : nil,
      logSums: call.outputs[1].address.assumingMemoryBound(to: Double.self))
    switch outcome {
    case .invalidTarget(let row):
      let targets = call.inputs[1]
      throw MartletError(
        name,
        "expected targets from 0 to \(call.inputs[0].type.shape[1] - 1) or \(attributes.ignoredIndex) to ignore, "
          + "got \(targets.integer(at: row)) at \(targets.type.position(ofRowMajorIndex: row))")
    case .sums(let loss, let weight):
      call.outputs[2].elements(Double.self)[0] = weight
      if !keepsEach { call.outputs[0].store(attributes.reduction == .mean ? loss / weight : loss) }
    }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let inputCount = context.inputs.count
    try require(
      inputCount < 3 || !context.wanted[2], name, "has no gradient for the class weights, which was asked for"
    )
    guard context.wanted[0], let dy = context.outputGradients[0] else {
      return [Tensor?](repeating: nil, count: inputCount)
    }
    let dx = try Tensor.apply(
      CrossEntropyGradientOperation(attributes: attributes),
      context.inputs + [context.outputs[1], context.outputs[2], dy])[0]
    return [dx] + [Tensor?](repeating: nil, count: inputCount - 1)
  }
}

/// The logits' gradient of ``CrossEntropyOperation``, from its inputs, its second and third output and the loss's
/// gradient.
struct CrossEntropyGradientOperation: Operation {
  var attributes: CrossEntropyAttributes

  var name: String { "\(CrossEntropyAttributes.name)_backward" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try attributes.check(inputs)
    return [inputs[0]]
  }

  func run(_ call: OperationCall) {
    let rest = call.inputs.suffix(3)
    let (logSums, weight, dy) = (rest[rest.startIndex], rest[rest.startIndex + 1], rest[rest.startIndex + 2])
    let scale: Double =
      switch attributes.reduction {
      case .none: 1
      case .sum: dy.loadReal()
      case .mean: dy.loadReal() / weight.loadReal()
      }
    attributes.kernel(call.inputs).gradient(
      logits: call.inputs[0].address, logSums: logSums.address.assumingMemoryBound(to: Double.self),
      dy: attributes.reduction == .none ? UnsafeRawPointer(dy.address) : nil, scale: scale,
      dx: call.outputs[0].address)
  }

  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    [InPlacePair(output: 0, input: 0)]
  }
}

extension Operand {
  /// The only element of a floating-point operand.
  func loadReal() -> Double {
    type.scalar == .float64 ? elements(Double.self)[0] : Double(elements(Float.self)[0])
  }

  /// Sets the only element of a floating-point operand.
  func store(_ value: Double) {
    if type.scalar == .float64 {
      elements(Double.self)[0] = value
    } else {
      elements(Float.self)[0] = Float(value)
    }
  }

  /// An element of an integer operand.
  func integer(at index: Int) -> Int {
    switch type.scalar {
    case .uint8: Int(elements(UInt8.self)[index])
    case .int32: Int(elements(Int32.self)[index])
    case .int64: Int(elements(Int64.self)[index])
    default: preconditionFailure("\(type) does not hold integers")
    }
  }
}

extension TensorType {
  /// The coordinates of an element of a row-major tensor, for messages.
  func position(ofRowMajorIndex index: Int) -> [Int] {
    var rest = index
    var position: [Int] = []
    for size in shape.reversed() {
      position.append(rest % size)
      rest /= size
    }
    return position.reversed()
  }
}

extension Loss {
  /// The cross-entropy between logits and class indices, as PyTorch's `cross_entropy` defines it:
  /// −(1 − ε) · w[t] · log p[t] − ε / C · Σ w[j] · log p[j] for a position with target t, with p the softmax of its
  /// logits, w the class weights and ε the label smoothing.
  ///
  /// - Parameters:
  ///   - logits: [N, C] or [N, C, space…], floating point.
  ///   - targets: [N] or [N, space…]; int64, int32 or uint8, from 0 to C − 1.
  ///   - classWeights: [C], or `nil` for 1 everywhere.
  ///   - ignoredIndex: A target that takes no part, in the mean neither.
  ///   - reduction: The mean divides by the sum of the targets' class weights.
  ///   - labelSmoothing: From 0 to 1.
  /// - Returns: Shape [], or the targets' shape without a reduction.
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a target out of range.
  public static func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, classWeights: Tensor? = nil, ignoredIndex: Int = -100,
    reduction: LossReduction = .mean, labelSmoothing: Double = 0
  ) throws -> Tensor {
    let attributes = CrossEntropyAttributes(
      hasWeights: classWeights != nil, ignoredIndex: ignoredIndex, reduction: reduction,
      labelSmoothing: labelSmoothing)
    let inputs = try [logits.converted(to: .channelsLast), targets.converted(to: .rowMajor)]
    return try Tensor.apply(
      CrossEntropyOperation(attributes: attributes), inputs + (classWeights.map { [$0] } ?? []))[0]
  }
}
