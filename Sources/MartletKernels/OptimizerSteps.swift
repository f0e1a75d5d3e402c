import CMartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Optimizer steps on the elements of one parameter, by PyTorch's formulas.
public enum OptimizerSteps {
  /// Stochastic gradient descent, with momentum where a buffer is given.
  public struct SGD {
    public var learningRate: Double
    public var gradientScale: Double
    public var weightDecay: Double
    public var momentum: Double
    public var dampening: Double
    public var isNesterov: Bool
    /// Counts from 1.
    public var step: Double

    public init(
      learningRate: Double, gradientScale: Double, weightDecay: Double, momentum: Double, dampening: Double,
      isNesterov: Bool, step: Double
    ) {
      self.learningRate = learningRate
      self.gradientScale = gradientScale
      self.weightDecay = weightDecay
      self.momentum = momentum
      self.dampening = dampening
      self.isNesterov = isNesterov
      self.step = step
    }
  }

  /// Adam, or AdamW where the decay is decoupled from the gradient.
  public struct Adam {
    public var learningRate: Double
    public var gradientScale: Double
    public var weightDecay: Double
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    public var isDecoupled: Bool
    /// Counts from 1.
    public var step: Double

    public init(
      learningRate: Double, gradientScale: Double, weightDecay: Double, beta1: Double, beta2: Double,
      epsilon: Double,
      isDecoupled: Bool, step: Double
    ) {
      self.learningRate = learningRate
      self.gradientScale = gradientScale
      self.weightDecay = weightDecay
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.isDecoupled = isDecoupled
      self.step = step
    }
  }

  public static func run(
    _ sgd: SGD, _ type: ElementType, parameter: UnsafeMutableRawPointer, gradient: UnsafeRawPointer,
    buffer: UnsafeMutableRawPointer?, count: Int
  ) {
    let kernel = type.optimizer.sgd
    let call = martlet_sgd(
      learning_rate: sgd.learningRate, gradient_scale: sgd.gradientScale, weight_decay: sgd.weightDecay,
      momentum: sgd.momentum, dampening: sgd.dampening, nesterov: sgd.isNesterov ? 1 : 0,
      is_first: sgd.step <= 1 ? 1 : 0)
    Pieces.forEach(of: count) { range in
      let offset = range.lowerBound * type.byteCount
      withUnsafePointer(to: call) {
        kernel($0, parameter + offset, gradient + offset, buffer.map { $0 + offset }, range.count)
      }
    }
  }

  public static func run(
    _ adam: Adam, _ type: ElementType, parameter: UnsafeMutableRawPointer, gradient: UnsafeRawPointer,
    firstMoment: UnsafeMutableRawPointer, secondMoment: UnsafeMutableRawPointer, count: Int
  ) {
    let kernel = type.optimizer.adam
    let call = martlet_adam(
      learning_rate: adam.learningRate, gradient_scale: adam.gradientScale, weight_decay: adam.weightDecay,
      beta1: adam.beta1, beta2: adam.beta2, epsilon: adam.epsilon, decoupled: adam.isDecoupled ? 1 : 0,
      bias1: 1 - pow(adam.beta1, adam.step), root_bias2: (1 - pow(adam.beta2, adam.step)).squareRoot())
    Pieces.forEach(of: count) { range in
      let offset = range.lowerBound * type.byteCount
      withUnsafePointer(to: call) {
        kernel(
          $0, parameter + offset, gradient + offset, firstMoment + offset, secondMoment + offset, range.count)
      }
    }
  }

  /// target = kept · target + added · value; what was in the target is forgotten where `kept` is 0.
  public static func accumulate(
    _ type: ElementType, into target: UnsafeMutableRawPointer, adding value: UnsafeRawPointer, kept: Double,
    added: Double, count: Int
  ) {
    let kernel = type.optimizer.accumulate
    Pieces.forEach(of: count) { range in
      let offset = range.lowerBound * type.byteCount
      kernel(target + offset, value + offset, kept, added, range.count)
    }
  }
}

extension ElementType {
  fileprivate var optimizer: martlet_optimizer_table_t {
    martlet_optimizer_table(InstructionSet.current.cValue, self == .float64 ? 1 : 0).pointee
  }
}
