/// What a part of a model does otherwise than the computation that it is part of.
public struct ModuleSettings: Hashable, Sendable {
  /// ``Mode/inference`` for a part that is not trained: its batch normalisation keeps its running statistics and uses
  /// them, and its dropout is off.
  public var mode: Mode?
  /// How much rounding error its convolutions may trade for speed.
  public var numerics: Numerics?

  public init(mode: Mode? = nil, numerics: Numerics? = nil) {
    self.mode = mode
    self.numerics = numerics
  }

  /// By module.
  @TaskLocal static var current: [ObjectIdentifier: ModuleSettings] = [:]

  func callAsFunction<Result>(_ body: () throws -> Result) rethrows -> Result {
    try withMode(mode ?? .current) { try withNumerics(numerics ?? .current, body) }
  }
}

/// Records what `body` computes with settings of their own for some modules and all that these run.
public func withModuleSettings<Result>(
  _ settings: [ObjectIdentifier: ModuleSettings], _ body: () throws -> Result
) rethrows -> Result {
  try ModuleSettings.$current.withValue(settings, operation: body)
}
