/// How much rounding error a convolution may trade for speed.
///
/// Fast algorithms compute a convolution with fewer multiplications and a few more roundings. Like the mode, the choice
/// belongs to the computation: a ``Function`` is recorded with it, and a part of a model can be given another with
/// ``withNumerics(_:_:)``. Convolutions that are run at once, outside a recording, are always direct.
public enum Numerics: String, Hashable, Sendable, Codable, CaseIterable {
  /// Winograd's F(4×4, 3×3), F(3×3, 3×3) or, for stride 2, F(4×4, 2×2) and F(3×3, 4×4) where one is faster: down to a
  /// quarter of the multiplications. Errors are up to five times those of a direct sum, around 1e-5 of the output's size
  /// at worst; training with it ends where training without it does.
  case fast
  /// At most F(2×2, 3×3): under half of the multiplications, with less than twice the errors of a direct sum.
  case strict
  /// Only direct sums, of runs of the definition's terms.
  case direct

  /// The choice of the current task: `.fast` unless set by a ``Function`` or ``withNumerics(_:_:)``.
  @TaskLocal public static var current: Numerics = .fast
}

/// Records what `body` computes with the given numerics.
public func withNumerics<Result>(_ numerics: Numerics, _ body: () throws -> Result) rethrows -> Result {
  try Numerics.$current.withValue(numerics, operation: body)
}
