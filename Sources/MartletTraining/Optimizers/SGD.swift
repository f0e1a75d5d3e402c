import Martlet

/// Stochastic gradient descent, with momentum and Nesterov's variant: `torch.optim.SGD`.
public struct SGD: Optimizer {
  /// How much of the momentum buffer each step keeps; 0 goes without a buffer.
  public var momentum: Double
  /// The share of the gradient that does not go into the momentum buffer, from the second step on.
  public var dampening: Double
  /// How much of the parameter is added to its gradient.
  public var weightDecay: Double
  /// Nesterov's variant, for a ``momentum`` above 0 and no ``dampening``: a step with others cannot be recorded.
  public var nesterov: Bool

  public init(momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false) {
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }

  public var slots: [String] { momentum == 0 ? [] : ["momentum_buffer"] }

  public func update(
    _ parameter: Parameter, gradient: Tensor, scale: Tensor, scalars: Tensor, state: OptimizerState,
    name: String
  ) throws {
    try applySGDStep(
      parameter: parameter.value, gradient: gradient,
      momentumBuffer: momentum == 0 ? nil : state.value(name, "momentum_buffer"), scalars: scalars,
      gradientScale: scale, momentum: momentum, dampening: dampening, isNesterov: nesterov,
      weightDecay: weightDecay)
  }
}
