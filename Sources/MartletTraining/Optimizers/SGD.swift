import Martlet

/// Stochastic gradient descent, with momentum and Nesterov's variant: `torch.optim.SGD`.
public struct SGD: Optimizer {
  public var momentum: Double
  public var dampening: Double
  public var weightDecay: Double
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
