/// What a part of a model does otherwise than the computation that it is part of.
public struct ModuleSettings: Hashable, Sendable {
  /// ``Mode/inference`` for a part that is not trained: its batch normalisation keeps its running statistics and uses
  /// them, and its dropout is off.
  public var mode: Mode?
  /// How much rounding error its convolutions may trade for speed.
  public var numerics: Numerics?

  /// - Parameters:
  ///   - mode: `nil` for that of the computation around.
  ///   - numerics: `nil` for those of the computation around.
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

/// Records what `body` computes with settings of their own for some modules and all that these run, besides those that
/// hold already.
public func withModuleSettings<Result>(
  _ settings: [ObjectIdentifier: ModuleSettings], _ body: () throws -> Result
) rethrows -> Result {
  let merged = ModuleSettings.current.merging(settings) { outer, inner in
    ModuleSettings(mode: inner.mode ?? outer.mode, numerics: inner.numerics ?? outer.numerics)
  }
  return try ModuleSettings.$current.withValue(merged, operation: body)
}

extension Module {
  /// The modules whose names match a pattern.
  ///
  /// - Throws: ``MartletError`` when there are none.
  public func modules(matching pattern: String, for operation: String) throws -> [any Module] {
    let compiled = NamePattern(pattern)
    let found = modules.filter { compiled.matches($0.name) }
    try require(
      !found.isEmpty, operation, "expected a pattern of modules' names, got \(pattern), which matches none")
    return found.map(\.module)
  }
}
