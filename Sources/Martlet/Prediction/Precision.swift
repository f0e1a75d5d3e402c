import MartletKernels

/// What the convolutions of a ``Predictor`` multiply in. Activations and sums are float32 always.
///
/// Like numerics, it belongs to the computation: a predictor has the one that it is made with, or that of the current
/// task.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  case float32 = "fp32"
  /// Operands are rounded to the 8 bits of precision of bfloat16 where that is faster, on processors with instructions
  /// for it (AVX-512 BF16). A layer's result changes by 0.002 to 0.006 of its size, under
  /// ``Numerics/strict`` by 0.004 at most (root mean squares).
  case bfloat16 = "bf16"
  /// Operands are rounded to whole numbers of 8 bits where that is faster, on processors with instructions for it
  /// (AVX-512 VNNI): activations by the ranges of the task's ``ActivationRanges``, weights by the largest of each output
  /// channel.
  case int8

  /// The precision of the current task: `.float32` unless set by ``withPrecision(_:calibration:_:)``.
  @TaskLocal public static var current: Precision = .float32

  /// Makes sure that this machine has instructions for it: without them, results would be the same and come late.
  ///
  /// - Throws: ``MartletError`` that names what is missing.
  public func requireInstructions() throws {
    let (name, isThere) =
      switch self {
      case .float32: ("", true)
      case .bfloat16: ("AVX-512 BF16", hasBFloat16Kernels)
      case .int8: ("AVX-512 VNNI", hasInt8Kernels)
      }
    try require(
      isThere, "precision",
      "expected a processor with \(name) for \(rawValue), got one with \(InstructionSet.current)")
  }

  /// The passes of a predictor with this precision: ``Martlet/inferencePasses`` for float32. Those for int8 have the task's
  /// ``ActivationRanges``.
  public var inferencePasses: [any GraphPass] { inferencePasses(.current) }

  func inferencePasses(_ calibration: ActivationRanges?) -> [any GraphPass] {
    let rounding: RoundConvolutions
    switch self {
    case .float32: return Martlet.inferencePasses
    case .bfloat16: rounding = RoundConvolutions(to: .bfloat16)
    case .int8: rounding = RoundConvolutions(to: .int8(calibration ?? ActivationRanges(ranges: [])))
    }
    // When it is known how each convolution is computed and what it reads, and before its weights are prepared.
    var passes = Martlet.inferencePasses
    let position = passes.firstIndex { $0.name == PrepareConstants().name } ?? passes.count
    passes.insert(rounding, at: position)
    return passes
  }
}

/// Makes predictors in `body` with a precision.
///
/// - Parameter calibration: Of the network that is predicted with, for int8.
/// - Throws: ``MartletError`` when this machine has no instructions for it, or int8 has no calibration; whatever `body`
///   throws.
public func withPrecision<Result>(
  _ precision: Precision, calibration: ActivationRanges? = nil, _ body: () throws -> Result
) throws -> Result {
  try precision.requireInstructions()
  try require(
    precision != .int8 || calibration != nil, "precision", "expected a calibration for int8, got none")
  return try ActivationRanges.$current.withValue(calibration) {
    try Precision.$current.withValue(precision, operation: body)
  }
}

extension Predictor {
  /// Freezes a model whose convolutions multiply with some precision.
  ///
  /// - Parameters:
  ///   - argumentTypes: The one combination of arguments that there will be; any if nil.
  ///   - calibration: Of the model, for int8.
  /// - Throws: ``MartletError`` when this machine has no instructions for it, or int8 has no calibration.
  public convenience init(
    _ model: sending any Layer, only argumentTypes: [TensorType]? = nil, numerics: Numerics = .current,
    tuning: Tuning = .modelled, precision: Precision, calibration: ActivationRanges? = nil
  ) throws {
    try withPrecision(precision, calibration: calibration) {}
    self.init(
      model, only: argumentTypes, numerics: numerics, tuning: tuning,
      passes: precision.inferencePasses(calibration))
  }
}
