import MartletKernels

/// What the convolutions of a ``Predictor`` multiply in. Activations and sums are float32 always.
///
/// Like numerics, it belongs to the computation: a predictor has the one that it is made with, or that of the current
/// task.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  case float32 = "fp32"
  /// Operands are rounded to the 8 bits of precision of bfloat16 where that is faster, on processors with instructions
  /// for it (AVX-512 BF16). A layer's result changes by 0.002 to 0.004 of its size.
  case bfloat16 = "bf16"

  /// The precision of the current task: `.float32` unless set by ``withPrecision(_:_:)``.
  @TaskLocal public static var current: Precision = .float32

  /// Makes sure that this machine has instructions for it: without them, results would be the same and come late.
  ///
  /// - Throws: ``MartletError`` that names what is missing.
  public func requireInstructions() throws {
    try require(
      self == .float32 || hasBFloat16Kernels, "precision",
      "expected a processor with AVX-512 BF16 for \(rawValue), got one with \(InstructionSet.current)")
  }

  /// The passes of a predictor with this precision: ``Martlet/inferencePasses`` for float32.
  public var inferencePasses: [any GraphPass] {
    guard self == .bfloat16 else { return Martlet.inferencePasses }
    // When it is known how each convolution is computed and what it reads, and before its weights are prepared.
    var passes = Martlet.inferencePasses
    let position = passes.firstIndex { $0.name == PrepareConstants().name } ?? passes.count
    passes.insert(RoundConvolutions(), at: position)
    return passes
  }
}

/// Makes predictors in `body` with a precision.
///
/// - Throws: ``MartletError`` when this machine has no instructions for it; whatever `body` throws.
public func withPrecision<Result>(_ precision: Precision, _ body: () throws -> Result) throws -> Result {
  try precision.requireInstructions()
  return try Precision.$current.withValue(precision, operation: body)
}

extension Predictor {
  /// Freezes a model whose convolutions multiply with some precision.
  ///
  /// - Throws: ``MartletError`` when this machine has no instructions for it.
  public convenience init(
    _ model: sending any Layer, numerics: Numerics = .current, tuning: Tuning = .modelled,
    precision: Precision
  ) throws {
    try precision.requireInstructions()
    self.init(model, numerics: numerics, tuning: tuning, passes: precision.inferencePasses)
  }
}
