/// Whether a model is being trained or used: what dropout and batch normalisation behave by.
///
/// The mode belongs to the computation, not to the model, so a model cannot be left in the wrong one.
public enum Mode: Hashable, Sendable {
  /// Dropout passes everything through; batch normalisation uses its running statistics.
  case inference
  /// Dropout drops; batch normalisation uses and records the batch's statistics.
  case training

  /// The mode of the current task: `.inference` unless set by a ``Function`` or ``withMode(_:_:)``.
  @TaskLocal public static var current: Mode = .inference
}

/// Runs `body` in a mode.
public func withMode<Result>(_ mode: Mode, _ body: () throws -> Result) rethrows -> Result {
  try Mode.$current.withValue(mode, operation: body)
}
