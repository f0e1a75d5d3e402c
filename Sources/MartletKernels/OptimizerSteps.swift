import CMartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How the elements of a parameter change by their gradients, and with them what is kept for each element.
public protocol OptimizerRule {
  /// Changes `count` elements of parameter and state from the `first` on, on the calling thread.
  ///
  /// - Parameters:
  ///   - gradient: Of those elements.
  ///   - state: As many numbers as the parameter has, for each thing that is kept.
  func change(
    _ type: ElementType, _ parameter: UnsafeMutableRawPointer, _ state: [UnsafeMutableRawPointer],
    by gradient: UnsafeRawPointer, first: Int, count: Int)
}

/// Optimizer steps on one parameter, by PyTorch's formulas.
public enum OptimizerSteps {
  /// Stochastic gradient descent; what is kept is the momentum buffer, where there is momentum.
  public struct SGD: OptimizerRule {
    private let call: martlet_sgd

    /// - Parameter step: Counts from 1.
    public init(
      learningRate: Double, gradientScale: Double, weightDecay: Double, momentum: Double, dampening: Double,
      isNesterov: Bool, step: Double
    ) {
      call = martlet_sgd(
        learning_rate: learningRate, gradient_scale: gradientScale, weight_decay: weightDecay,
        momentum: momentum, dampening: dampening, nesterov: isNesterov ? 1 : 0, is_first: step <= 1 ? 1 : 0)
    }

    public func change(
      _ type: ElementType, _ parameter: UnsafeMutableRawPointer, _ state: [UnsafeMutableRawPointer],
      by gradient: UnsafeRawPointer, first: Int, count: Int
    ) {
      let offset = first * type.byteCount
      withUnsafePointer(to: call) {
        type.optimizer.sgd($0, parameter + offset, gradient, state.first.map { $0 + offset }, count)
      }
    }
  }

  /// Adam, or AdamW where the decay is decoupled from the gradient; what is kept are the first and the second moment.
  public struct Adam: OptimizerRule {
    private let call: martlet_adam

    /// - Parameter step: Counts from 1.
    public init(
      learningRate: Double, gradientScale: Double, weightDecay: Double, beta1: Double, beta2: Double,
      epsilon: Double, isDecoupled: Bool, step: Double
    ) {
      call = martlet_adam(
        learning_rate: learningRate, gradient_scale: gradientScale, weight_decay: weightDecay, beta1: beta1,
        beta2: beta2, epsilon: epsilon, decoupled: isDecoupled ? 1 : 0, bias1: 1 - pow(beta1, step),
        root_bias2: (1 - pow(beta2, step)).squareRoot())
    }

    public func change(
      _ type: ElementType, _ parameter: UnsafeMutableRawPointer, _ state: [UnsafeMutableRawPointer],
      by gradient: UnsafeRawPointer, first: Int, count: Int
    ) {
      let offset = first * type.byteCount
      withUnsafePointer(to: call) {
        type.optimizer.adam($0, parameter + offset, gradient, state[0] + offset, state[1] + offset, count)
      }
    }
  }

  /// A step on `count` elements.
  public static func run(
    _ rule: some OptimizerRule, _ type: ElementType, parameter: UnsafeMutableRawPointer,
    state: [UnsafeMutableRawPointer], gradient: UnsafeRawPointer, count: Int
  ) {
    Pieces.forEach(of: count) { range in
      rule.change(
        type, parameter, state, by: gradient + range.lowerBound * type.byteCount, first: range.lowerBound,
        count: range.count)
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
