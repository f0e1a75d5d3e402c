import MartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What optimizer steps read that changes from step to step: a float64 tensor of shape [2] with the learning rate and
/// the number of the step, counted from 1, and after it, where gradients are clipped, a float64 of shape [] that they
/// are multiplied by. Where that is not finite nothing is changed: a step on gradients that are not would be lost work.
struct StepScalars {
  var learningRate: Double
  var step: Double
  var gradientScale: Double

  init(_ operands: ArraySlice<Operand>) {
    let numbers = operands[operands.startIndex].elements(Double.self)
    learningRate = numbers[0]
    step = numbers[1]
    gradientScale = operands.count > 1 ? operands[operands.startIndex + 1].elements(Double.self)[0] : 1
  }

  static func check(_ types: ArraySlice<TensorType>, _ name: String) throws {
    let expected = [TensorType([2], .float64), TensorType([], .float64)]
    try require(
      (1...2).contains(types.count) && zip(types, expected).allSatisfy { $0 == $1 }, name,
      "expected the learning rate and step as float64[2], and a gradient scale as float64[], got \(Array(types))"
    )
  }
}

func checkAlike(_ types: ArraySlice<TensorType>, _ name: String) throws {
  guard let parameter = types.first else { return }
  try require(
    parameter.scalar.isFloatingPoint && types.allSatisfy { $0 == parameter }, name,
    "expected a floating-point parameter with gradient and state of its type, got \(Array(types))")
}

/// A step of an optimizer on one parameter.
///
/// Inputs: parameter, gradient, as many tensors of state as there are, learning rate and step, and perhaps a gradient
/// scale. There are no outputs: parameter and state are changed.
protocol OptimizerStep: Operation {
  var stateCount: Int { get }
  /// Whether rows whose gradient is zero stay as they are, with their state.
  var isSparse: Bool { get }
  /// - Throws: ``MartletError`` for numbers that make no sense.
  func checkNumbers() throws
  func rule(_ scalars: StepScalars) -> any OptimizerRule
}

extension OptimizerStep {
  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try checkAlike(inputs.prefix(2 + stateCount), name)
    try StepScalars.check(inputs.dropFirst(2 + stateCount), name)
    try require(!isSparse || inputs[0].rank > 0, name, "expected a table of rows, got \(inputs[0])")
    try checkNumbers()
    return []
  }

  func run(_ call: OperationCall) {
    let scalars = StepScalars(call.inputs.dropFirst(2 + stateCount))
    guard scalars.gradientScale.isFinite else { return }
    let (parameter, gradient) = (call.inputs[0], call.inputs[1])
    let (type, state) = (parameter.type, call.inputs[2..<2 + stateCount].map(\.address))
    if isSparse {
      OptimizerSteps.runSparsely(
        rule(scalars), type.scalar.elementType, parameter: parameter.address, state: state,
        gradients: RowGradients(
          rowCount: type.shape[0], width: type.rowWidth, rows: gradient.address))
    } else {
      OptimizerSteps.run(
        rule(scalars), type.scalar.elementType, parameter: parameter.address, state: state,
        gradient: gradient.address, count: type.elementCount)
    }
  }

  var mutatedInputs: [Int] { [0] + (0..<stateCount).map { 2 + $0 } }
}

/// A step of stochastic gradient descent, as PyTorch's `SGD` defines it. Its state is the momentum buffer, where there is
/// momentum.
struct SGDStepOperation: OptimizerStep {
  var momentum: Double
  var dampening: Double
  var isNesterov: Bool
  var weightDecay: Double

  var name: String { "sgd_step" }
  var stateCount: Int { momentum == 0 ? 0 : 1 }
  var isSparse: Bool { false }

  func checkNumbers() throws {
    try require(
      !isNesterov || (momentum > 0 && dampening == 0), name,
      "expected momentum and no dampening for Nesterov's step, got momentum \(momentum), dampening \(dampening)"
    )
  }

  func rule(_ scalars: StepScalars) -> any OptimizerRule {
    OptimizerSteps.SGD(
      learningRate: scalars.learningRate, gradientScale: scalars.gradientScale, weightDecay: weightDecay,
      momentum: momentum, dampening: dampening, isNesterov: isNesterov, step: scalars.step)
  }
}

/// A step of Adam, or of AdamW where the weight decay is decoupled, as PyTorch defines them. Its state are the first and
/// the second moment.
struct AdamStepOperation: OptimizerStep {
  var beta1: Double
  var beta2: Double
  var epsilon: Double
  var weightDecay: Double
  var isDecoupled: Bool

  var name: String { isDecoupled ? "adamw_step" : "adam_step" }
  var stateCount: Int { 2 }
  var isSparse: Bool { false }

  func checkNumbers() throws { try checkBetas(beta1, beta2, name) }

  func rule(_ scalars: StepScalars) -> any OptimizerRule {
    OptimizerSteps.Adam(
      learningRate: scalars.learningRate, gradientScale: scalars.gradientScale, weightDecay: weightDecay,
      beta1: beta1, beta2: beta2, epsilon: epsilon, isDecoupled: isDecoupled, step: scalars.step)
  }
}

/// A step of Adam on the rows of a table whose gradient is not zero, as PyTorch's `SparseAdam` defines it for rows that were
/// looked up: with ε beside the second moment as it is kept, not as it is corrected for its beginning.
struct SparseAdamStepOperation: OptimizerStep {
  var beta1: Double
  var beta2: Double
  var epsilon: Double

  var name: String { "sparse_adam_step" }
  var stateCount: Int { 2 }
  var isSparse: Bool { true }

  func checkNumbers() throws { try checkBetas(beta1, beta2, name) }

  func rule(_ scalars: StepScalars) -> any OptimizerRule {
    OptimizerSteps.Adam(
      learningRate: scalars.learningRate, gradientScale: scalars.gradientScale, weightDecay: 0, beta1: beta1,
      beta2: beta2, epsilon: epsilon / (1 - pow(beta2, scalars.step)).squareRoot(), isDecoupled: false,
      step: scalars.step)
  }
}

private func checkBetas(_ beta1: Double, _ beta2: Double, _ name: String) throws {
  try require(
    (0..<1).contains(beta1) && (0..<1).contains(beta2), name,
    "expected betas from 0 to below 1, got \(beta1) and \(beta2)")
}

/// From sums of squares of gradients: their norm together, and what to multiply gradients by so that it is at most
/// a given one, as PyTorch's `clip_grad_norm_` does.
struct ClipCoefficientOperation: Operation {
  var maximumNorm: Double

  var name: String { "clip_grad_norm" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let scalar = TensorType([], .float64)
    try require(
      inputs.allSatisfy { $0 == scalar }, name, "expected sums of squares as float64[], got \(inputs)")
    return [scalar, scalar]
  }

  func run(_ call: OperationCall) {
    let norm = call.inputs.reduce(0) { $0 + $1.loadReal() }.squareRoot()
    call.outputs[0].store(norm)
    let coefficient = norm.isFinite ? maximumNorm / (norm + 1e-6) : .nan
    // Written so that what is not a number stays so.
    call.outputs[1].store(coefficient > 1 ? 1 : coefficient)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { context.inputs.map { _ in nil } }
}

/// Applies one step of SGD to `parameter`, which is changed, as is the momentum buffer.
///
/// - Parameters:
///   - momentumBuffer: Zeros at first; only where `momentum` is not 0.
///   - scalars: float64 of shape [2]: the learning rate, and the step's number from 1.
///   - gradientScale: float64 of shape []: what the gradient is multiplied by.
/// - Throws: ``MartletError`` unless all tensors have the parameter's type.
public func applySGDStep(
  parameter: Tensor, gradient: Tensor, momentumBuffer: Tensor?, scalars: Tensor, gradientScale: Tensor? = nil,
  momentum: Double = 0, dampening: Double = 0, isNesterov: Bool = false, weightDecay: Double = 0
) throws {
  let operation = SGDStepOperation(
    momentum: momentum, dampening: dampening, isNesterov: isNesterov, weightDecay: weightDecay)
  try require(
    (momentumBuffer == nil) == (momentum == 0), operation.name,
    "expected a momentum buffer exactly where there is momentum, got momentum \(momentum)")
  _ = try Tensor.apply(
    operation,
    [parameter, gradient] + [momentumBuffer].compactMap { $0 } + [scalars]
      + [gradientScale].compactMap { $0 })
}

/// Applies one step of Adam (or AdamW, where `isDecoupled`) to `parameter`, which is changed, as are the moments.
///
/// - Parameters:
///   - firstMoment: Zeros at first, as is the second.
///   - scalars: float64 of shape [2]: the learning rate, and the step's number from 1.
///   - gradientScale: float64 of shape []: what the gradient is multiplied by.
/// - Throws: ``MartletError`` unless all tensors have the parameter's type.
public func applyAdamStep(
  parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, scalars: Tensor,
  gradientScale: Tensor? = nil, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
  weightDecay: Double = 0, isDecoupled: Bool = false
) throws {
  _ = try Tensor.apply(
    AdamStepOperation(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, isDecoupled: isDecoupled),
    [parameter, gradient, firstMoment, secondMoment, scalars] + [gradientScale].compactMap { $0 })
}

/// Applies one step of PyTorch's `SparseAdam` to the rows of `parameter` whose gradient is not zero. They are changed, as
/// are their moments; the other rows stay as they are.
///
/// - Parameters:
///   - parameter: A table [count, …].
///   - firstMoment: Zeros at first, as is the second.
///   - scalars: float64 of shape [2]: the learning rate, and the step's number from 1.
///   - gradientScale: float64 of shape []: what the gradient is multiplied by.
/// - Throws: ``MartletError`` unless all tensors have the parameter's type.
public func applySparseAdamStep(
  parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, scalars: Tensor,
  gradientScale: Tensor? = nil, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
) throws {
  _ = try Tensor.apply(
    SparseAdamStepOperation(beta1: beta1, beta2: beta2, epsilon: epsilon),
    [parameter, gradient, firstMoment, secondMoment, scalars] + [gradientScale].compactMap { $0 })
}

/// The norm of all gradients together, and what they must be multiplied by for it to be at most `maximumNorm`:
/// min(1, maximumNorm / (norm + 1e-6)), as PyTorch's `clip_grad_norm_`. Both are float64 of shape [].
public func clipCoefficient(
  of gradients: [Tensor], maximumNorm: Double
) throws -> (norm: Tensor, coefficient: Tensor) {
  try require(!gradients.isEmpty, "clip_grad_norm", "expected at least one gradient, got none")
  let results = try Tensor.apply(
    ClipCoefficientOperation(maximumNorm: maximumNorm), gradients.map { try $0.sumOfSquares() })
  return (results[0], results[1])
}

/// Scales a tensor and adds another's multiple to it: how gradients are summed over batches, and weights averaged.
///
/// Inputs: the tensor, which is changed, the one that is added, and two float64 numbers: what is kept of the first, where
/// 0 forgets what was there, and how much of the second is added. There are no outputs.
struct AccumulateOperation: Operation {
  var name: String { "accumulate" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try checkAlike(inputs.prefix(2), name)
    try require(
      inputs[2] == TensorType([2], .float64), name, "expected two numbers as float64[2], got \(inputs[2])")
    return []
  }

  func run(_ call: OperationCall) {
    let numbers = call.inputs[2].elements(Double.self)
    let type = call.inputs[0].type
    OptimizerSteps.accumulate(
      type.scalar.elementType, into: call.inputs[0].address, adding: call.inputs[1].address,
      kept: numbers[0], added: numbers[1], count: type.elementCount)
  }

  var mutatedInputs: [Int] { [0] }
}

/// Changes `target` to kept · target + added · value; where `kept` is 0 what was in it is forgotten, whatever it was.
///
/// - Parameter scalars: float64 of shape [2]: kept and added.
/// - Throws: ``MartletError`` unless both tensors are of one floating-point type.
public func accumulate(into target: Tensor, _ value: Tensor, scalars: Tensor) throws {
  _ = try Tensor.apply(AccumulateOperation(), [target, value, scalars])
}
