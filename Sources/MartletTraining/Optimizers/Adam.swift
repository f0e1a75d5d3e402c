import Martlet

/// Adam (Kingma and Ba, 2015): `torch.optim.Adam`. Weight decay is added to the gradient.
public struct Adam: Optimizer {
  /// How much of the first moment, the mean of gradients, each step keeps: from 0 up to, but without, 1. A step with
  /// another value cannot be recorded.
  public var beta1: Double
  /// The same for the second moment, the mean of squared gradients.
  public var beta2: Double
  /// Added to the root of the second moment, after this was corrected for its beginning.
  public var epsilon: Double
  /// How much of the parameter is added to its gradient.
  public var weightDecay: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  public var slots: [String] { ["exp_avg", "exp_avg_sq"] }

  public func update(
    _ parameter: Parameter, gradient: Tensor, scale: Tensor, scalars: Tensor, state: OptimizerState,
    name: String
  ) throws {
    try update(parameter, gradient, scale, scalars, state, name, isDecoupled: false)
  }

  fileprivate func update(
    _ parameter: Parameter, _ gradient: Tensor, _ scale: Tensor, _ scalars: Tensor, _ state: OptimizerState,
    _ name: String, isDecoupled: Bool
  ) throws {
    try applyAdamStep(
      parameter: parameter.value, gradient: gradient, firstMoment: state.value(name, "exp_avg"),
      secondMoment: state.value(name, "exp_avg_sq"), scalars: scalars, gradientScale: scale, beta1: beta1,
      beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, isDecoupled: isDecoupled)
  }
}

/// Adam with weight decay of its own (Loshchilov and Hutter, 2019): `torch.optim.AdamW`.
public struct AdamW: Optimizer {
  private var adam: Adam

  /// - Parameters:
  ///   - beta1: How much of the mean of gradients each step keeps: from 0 up to, but without, 1.
  ///   - beta2: How much of the mean of squared gradients each step keeps, in the same range.
  ///   - epsilon: Added to the root of the second moment, after this was corrected for its beginning.
  ///   - weightDecay: Before its update the parameter is multiplied by 1 − learning rate · `weightDecay`.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    adam = Adam(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
  }

  public var slots: [String] { adam.slots }

  public func update(
    _ parameter: Parameter, gradient: Tensor, scale: Tensor, scalars: Tensor, state: OptimizerState,
    name: String
  ) throws {
    try adam.update(parameter, gradient, scale, scalars, state, name, isDecoupled: true)
  }
}

/// Adam for tables of which a step looks up few rows: `torch.optim.SparseAdam`.
///
/// Rows without a gradient stay as they are, and their moments too, where ``Adam`` goes on moving them by the gradients
/// of earlier steps: less work for large tables, and other numbers. Parameters that are no such tables are updated as by
/// ``Adam``; PyTorch's refuses them.
public struct SparseAdam: Optimizer {
  private var adam: Adam

  /// - Parameters:
  ///   - beta1: How much of the mean of gradients each step keeps: from 0 up to, but without, 1.
  ///   - beta2: How much of the mean of squared gradients each step keeps, in the same range.
  ///   - epsilon: Added to the root of the second moment: for looked-up tables as it is kept, for others as it is
  ///     corrected for its beginning.
  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    adam = Adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  public var slots: [String] { adam.slots }

  public func update(
    _ parameter: Parameter, gradient: Tensor, scale: Tensor, scalars: Tensor, state: OptimizerState,
    name: String
  ) throws {
    guard parameter.isLookedUp else {
      return try adam.update(
        parameter, gradient: gradient, scale: scale, scalars: scalars, state: state, name: name)
    }
    try applySparseAdamStep(
      parameter: parameter.value, gradient: gradient, firstMoment: state.value(name, "exp_avg"),
      secondMoment: state.value(name, "exp_avg_sq"), scalars: scalars, gradientScale: scale,
      beta1: adam.beta1, beta2: adam.beta2, epsilon: adam.epsilon)
  }
}
