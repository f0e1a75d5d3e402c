import MartletKernels

/// What a predictor's convolutions multiply in. Activations are float32 always, and sums are.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  case float32 = "fp32"
  /// Operands are rounded to 8 bits of precision where that is faster, on machines with instructions for it
  /// (AVX-512 BF16). Results differ from float32's in the third digit.
  case bfloat16 = "bf16"

  /// Why this machine cannot use it well; `nil` where it can.
  public var obstacle: String? {
    self == .bfloat16 && !hasBFloat16Kernels
      ? "bf16 needs a processor with AVX-512 BF16; here there is \(InstructionSet.current)" : nil
  }

  /// The passes of a predictor with this precision.
  ///
  /// - Throws: ``MartletError`` when this machine has no instructions for it.
  public func inferencePasses() throws -> [any GraphPass] {
    if let obstacle { throw MartletError("precision", obstacle) }
    guard self == .bfloat16 else { return Martlet.inferencePasses }
    // When it is known how each convolution is computed and what it reads, and before its weights are prepared.
    let position =
      Martlet.inferencePasses.firstIndex { $0.name == PrepareConstants().name }
      ?? Martlet.inferencePasses.count
    var passes = Martlet.inferencePasses
    passes.insert(RoundConvolutions(), at: position)
    return passes
  }
}

extension Predictor {
  /// Freezes a model whose convolutions multiply with some precision.
  ///
  /// - Throws: ``MartletError`` when this machine has no instructions for the precision.
  public convenience init(
    _ model: sending any Layer, numerics: Numerics = .current, precision: Precision
  ) throws {
    self.init(model, numerics: numerics, passes: try precision.inferencePasses())
  }
}
