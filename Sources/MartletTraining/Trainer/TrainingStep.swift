import Martlet

/// A whole training step: loss, gradients, clipping and the optimizer's update in one plan.
///
/// When the loss or the gradients' norm is not finite nothing is updated.
public final class TrainingStep {
  /// What a step found.
  public struct Result: Hashable, Sendable {
    /// The mean over the step's batches.
    public var loss: Double
    /// The global L2 norm of all gradients, before clipping.
    public var gradientNorm: Double

    /// Whether the parameters were updated.
    public var isFinite: Bool { loss.isFinite && gradientNorm.isFinite }
  }

  private let function: Function
  /// Whether the gradients of batches before the last are added to the last one's.
  private let addsGradients: Bool

  /// Records the step.
  ///
  /// - Parameters:
  ///   - batch: Types of the batch's tensors.
  ///   - clipNorm: Largest global norm of the gradients; more is scaled down to it.
  ///   - passes: Rewritings of the recorded graph that keep its results.
  ///   - loss: Records the batch's loss, a scalar.
  public convenience init(
    model: any Module, optimizer: any Optimizer, state: OptimizerState, batch: [TensorType],
    clipNorm: Double? = nil, passes: [any GraphPass] = defaultPasses, loss: ([Tensor]) throws -> Tensor
  ) throws {
    try self.init(
      parameters: TrainingRules().parameters(of: model), optimizer: optimizer, state: state, batch: batch,
      clipNorm: clipNorm, passes: passes, loss: loss)
  }

  /// Records the step for some of a model's parameters.
  ///
  /// - Parameter sum: Where gradients of earlier batches are, when a step has several.
  init(
    parameters: [TrainedParameter], optimizer: any Optimizer, state: OptimizerState, batch: [TensorType],
    sum: GradientSum? = nil, clipNorm: Double? = nil, passes: [any GraphPass] = defaultPasses,
    loss: ([Tensor]) throws -> Tensor
  ) throws {
    addsGradients = sum != nil
    let lead = Self.leadingTypes(addsGradients)
    function = try Function(lead + batch, mode: .training, passes: passes) { arguments in
      let loss = try loss(Array(arguments.dropFirst(lead.count)))
      let defined = try definedGradients(of: loss, withRespectTo: parameters.map(\.parameter.value))
      // A parameter that the loss does not depend on is left as it is, as PyTorch leaves it.
      let used = zip(parameters, defined).compactMap { parameter, gradient in gradient.map { (parameter, $0) }
      }
      try require(!used.isEmpty, "training", "the loss depends on none of the parameters that are trained")
      let gradients = try used.map { parameter, gradient in
        try sum.map { try $0.added(to: gradient, of: parameter.name, share: arguments[1]) } ?? gradient
      }
      let (norm, coefficient) = try clipCoefficient(of: gradients, maximumNorm: clipNorm ?? .infinity)
      // Not finite when the loss is not; the update operations then change nothing.
      let scale = try coefficient + loss.cast(to: .float64) * 0
      var scalars: [Double: Tensor] = [1: arguments[0]]
      for ((parameter, _), gradient) in zip(used, gradients) {
        let factor = parameter.rateFactor
        let own = try scalars[factor] ?? arguments[0] * Tensor(shape: [2], scalars: [factor, 1])
        scalars[factor] = own
        try optimizer.update(
          parameter.parameter, gradient: gradient, scale: scale, scalars: own, state: state,
          name: parameter.name)
      }
      return [loss, norm]
    }
  }

  private static func leadingTypes(_ addsGradients: Bool) -> [TensorType] {
    [TensorType([2], .float64)] + (addsGradients ? [TensorType([], .float64)] : [])
  }

  /// Runs one step.
  ///
  /// - Parameters:
  ///   - learningRate: For this step.
  ///   - step: The number of steps before this one; also what random numbers are drawn by.
  public func callAsFunction(
    _ batch: [Tensor], learningRate: Double, step: Int, seed: UInt64
  ) throws -> Result {
    try self(batch, learningRate: learningRate, step: step, draw: step, count: 1, seed: seed)
  }

  /// Runs the last batch of a step of several.
  ///
  /// - Parameters:
  ///   - draw: What random numbers are drawn by.
  ///   - count: Batches in the step.
  func callAsFunction(
    _ batch: [Tensor], learningRate: Double, step: Int, draw: Int, count: Int, seed: UInt64
  ) throws -> Result {
    let results = try function(
      leading(learningRate, step, count: count) + batch, random: RandomState(seed: seed, step: UInt64(draw)))
    return Result(
      loss: try results[0].cast(to: .float64).item(), gradientNorm: try results[1].cast(to: .float64).item())
  }

  private func leading(_ learningRate: Double, _ step: Int, count: Int) throws -> [Tensor] {
    let scalars = try Tensor(shape: [2], scalars: [learningRate, Double(step + 1)])
    return addsGradients ? [scalars, try Tensor(1 / Double(count))] : [scalars]
  }

  /// Bytes that a step holds besides parameters, optimizer state and batch.
  public var arenaByteCount: Int { function.plan.arenaByteCount }

  /// What runs in a step.
  ///
  /// - Parameter names: Names of modules, as ``Module/namesByIdentity`` gives them.
  public func listing(names: [ObjectIdentifier: String]) -> PlanListing { function.listing(names: names) }

  /// How long each node of a step took, in the order of the ``listing(names:)``.
  package func nodeTimes(_ batch: [Tensor], step: Int) throws -> [Duration] {
    try function.nodeTimes(
      leading(0, step, count: 1) + batch, random: RandomState(seed: 0, step: UInt64(step)))
  }

  /// What first was not finite when this batch went through; `nil` when all was.
  public func firstNonFinite(
    _ batch: [Tensor], step: Int, seed: UInt64, names: [ObjectIdentifier: String]
  ) throws -> String? {
    let leading = try leading(0, step, count: 1)
    return try function.firstNonFinite(
      leading + batch, random: RandomState(seed: seed, step: UInt64(step)), names: names,
      argumentName: { "tensor \($0 - leading.count) of the batch" })
  }
}
