import Martlet

/// A whole training step as one function: loss, gradients, clipping and the optimizer's update in one plan.
///
/// When the loss or the gradients' norm is not finite nothing is updated.
public final class TrainingStep {
  /// What a step found.
  public struct Result: Hashable, Sendable {
    public var loss: Double
    /// The global L2 norm of all gradients, before clipping.
    public var gradientNorm: Double

    /// Whether the parameters were updated.
    public var isFinite: Bool { loss.isFinite && gradientNorm.isFinite }
  }

  private let function: Function
  /// Records the step.
  ///
  /// - Parameters:
  ///   - batch: Types of the batch's tensors.
  ///   - clipNorm: Largest global norm of the gradients; more is scaled down to it.
  ///   - passes: Rewritings of the recorded graph that keep its results.
  ///   - loss: Records the batch's loss, a scalar.
  public init(
    model: any Module, optimizer: any Optimizer, state: OptimizerState, batch: [TensorType],
    clipNorm: Double? = nil, passes: [any GraphPass] = defaultPasses, loss: ([Tensor]) throws -> Tensor
  ) throws {
    let parameters = model.parameters
    function = try Function([TensorType([2], .float64)] + batch, mode: .training, passes: passes) {
      arguments in
      let loss = try loss(Array(arguments.dropFirst()))
      let gradients = try gradients(of: loss, withRespectTo: parameters.map(\.parameter.value))
      let (norm, coefficient) = try clipCoefficient(of: gradients, maximumNorm: clipNorm ?? .infinity)
      // Not finite when the loss is not; the update operations then change nothing.
      let scale = try coefficient + loss.cast(to: .float64) * 0
      for ((name, parameter), gradient) in zip(parameters, gradients) {
        try optimizer.update(
          parameter, gradient: gradient, scale: scale, scalars: arguments[0], state: state, name: name)
      }
      return [loss, norm]
    }
  }

  /// Runs one step.
  ///
  /// - Parameters:
  ///   - learningRate: For this step.
  ///   - step: The number of steps before this one; also what random numbers are drawn by.
  public func callAsFunction(
    _ batch: [Tensor], learningRate: Double, step: Int, seed: UInt64
  ) throws -> Result {
    let scalars = try Tensor(shape: [2], scalars: [learningRate, Double(step + 1)])
    let results = try function([scalars] + batch, random: RandomState(seed: seed, step: UInt64(step)))
    return Result(
      loss: try results[0].cast(to: .float64).item(), gradientNorm: try results[1].cast(to: .float64).item())
  }

  /// Bytes that a step holds besides parameters, optimizer state and batch.
  public var arenaByteCount: Int { function.plan.arenaByteCount }

  /// What runs in a step.
  ///
  /// - Parameter names: Names of modules, as ``Module/namesByIdentity`` gives them.
  public func listing(names: [ObjectIdentifier: String]) -> PlanListing { function.listing(names: names) }

  /// How long each node of a step took, in the order of the ``listing(names:)``.
  package func nodeTimes(_ batch: [Tensor], step: Int) throws -> [Duration] {
    let scalars = try Tensor(shape: [2], scalars: [0, Double(step + 1)])
    return try function.nodeTimes([scalars] + batch, random: RandomState(seed: 0, step: UInt64(step)))
  }

  /// What first was not finite when this batch went through; `nil` when all was.
  public func firstNonFinite(
    _ batch: [Tensor], step: Int, seed: UInt64, names: [ObjectIdentifier: String]
  ) throws -> String? {
    let scalars = try Tensor(shape: [2], scalars: [0, Double(step + 1)])
    return try function.firstNonFinite(
      [scalars] + batch, random: RandomState(seed: seed, step: UInt64(step)), names: names)
  }
}
