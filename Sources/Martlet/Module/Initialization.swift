import MartletKernels
import Synchronization

/// Where new parameters get their random numbers: a seed and the number of tensors drawn so far.
///
/// The same seed and the same order of construction give the same parameters.
public final class Initializer: Sendable {
  /// The current task's initializer: set by ``withSeed(_:_:)``, a process-wide one of seed 0 otherwise.
  @TaskLocal public static var current = Initializer(seed: 0)

  /// What numbers follow from, together with how many tensors were drawn before.
  public let seed: UInt64
  /// Whether nothing is drawn: what is made gets its numbers from elsewhere.
  private let isBlank: Bool
  private let stream = Mutex<UInt64>(0)

  /// An initializer that has drawn nothing yet.
  public convenience init(seed: UInt64) { self.init(seed: seed, isBlank: false) }

  fileprivate init(seed: UInt64, isBlank: Bool) {
    self.seed = seed
    self.isBlank = isBlank
  }

  /// Memory of unspecified content, and of pages that nobody has touched.
  private static func blank(_ shape: [Int]) throws -> Tensor {
    try Tensor(type: TensorType(shape)) { (_: UnsafeMutableBufferPointer<Float>) in }
  }

  private func nextStream() -> UInt64 {
    stream.withLock {
      $0 += 1
      return $0
    }
  }

  /// Numbers evenly distributed in [-bound, bound).
  public func uniform(_ shape: [Int], bound: Double) throws -> Tensor {
    if isBlank { return try Self.blank(shape) }
    return try .uniform(TensorType(shape), from: -bound, to: bound, seed: seed, stream: nextStream())
  }

  /// Normally distributed numbers.
  public func normal(_ shape: [Int], mean: Double = 0, standardDeviation: Double = 1) throws -> Tensor {
    if isBlank { return try Self.blank(shape) }
    return try .normal(
      TensorType(shape), mean: mean, standardDeviation: standardDeviation, seed: seed, stream: nextStream())
  }
}

/// Runs `body`, usually the construction of a model, with parameters drawn from `seed`.
public func withSeed<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try Initializer.$current.withValue(Initializer(seed: seed), operation: body)
}

/// Runs `body`, the construction of a model whose parameters are all to be assigned: they hold nothing until then, and
/// drawing them takes no time.
package func withoutInitialValues<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Initializer.$current.withValue(Initializer(seed: 0, isBlank: true), operation: body)
}
