import Martlet

/// Which parts of a model learn, how fast, and what is done with the weights besides.
public struct TrainingRules: Hashable, Sendable {
  /// Patterns of names whose parameters stay as they are. Modules with such names run as in inference: their batch
  /// normalisation keeps its running statistics and uses them, and their dropout is off.
  public var frozen: [String] = []
  /// Factors of the learning rate, by pattern of names; 1 where none matches.
  public var rateFactors: [String: Double] = [:]
  /// Batches whose gradients are averaged for one update.
  public var accumulation = 1
  /// How much of the average of the weights is kept in each step; `nil` keeps no average.
  public var averageDecay: Double?

  /// All parameters learn alike, each batch makes an update, and no average is kept.
  public init() {}

  /// Updates that some batches make, such as those of an epoch.
  func updates(for batches: Int) -> Int { (batches + accumulation - 1) / accumulation }

  /// What of a model is trained, and how.
  ///
  /// - Throws: ``MartletError`` for patterns that match nothing, patterns of ``rateFactors`` that match only what is
  ///   frozen, parameters that two of those match, and rules that leave nothing to train.
  func parameters(of model: any Module) throws -> [TrainedParameter] {
    let all = model.parameters
    let names = all.map(\.name)
    let frozen = try frozen.map { try matching($0, names, "freeze") }.reduce(into: Set<String>()) {
      $0.formUnion($1)
    }
    var factors: [String: (pattern: String, factor: Double)] = [:]
    for (pattern, factor) in rateFactors.sorted(by: { $0.key < $1.key }) {
      let matched = try matching(pattern, names, "learning-rate-factors")
      try require(
        !matched.allSatisfy(frozen.contains), "learning-rate-factors",
        "expected a pattern of parameters that are trained, got \(pattern), which matches frozen ones alone")
      for name in matched {
        if let other = factors[name]?.pattern {
          throw MartletError("learning-rate-factors", "\(name) matches both \(other) and \(pattern)")
        }
        factors[name] = (pattern, factor)
      }
    }
    let trained = all.filter { !frozen.contains($0.name) }.map {
      TrainedParameter(name: $0.name, parameter: $0.parameter, rateFactor: factors[$0.name]?.factor ?? 1)
    }
    try require(!trained.isEmpty, "freeze", "expected parameters that are not frozen, got none")
    return trained
  }

  /// Settings for the modules that are frozen.
  func moduleSettings(of model: any Module) -> [ObjectIdentifier: ModuleSettings] {
    let patterns = frozen.map(NamePattern.init)
    return Dictionary(
      uniqueKeysWithValues: model.modules.filter { module in patterns.contains { $0.matches(module.name) } }
        .map { (ObjectIdentifier($0.module), ModuleSettings(mode: .inference)) })
  }

  private func matching(_ pattern: String, _ names: [String], _ key: String) throws -> [String] {
    let compiled = NamePattern(pattern)
    let found = names.filter(compiled.matches)
    let parts = Set(names.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
    try require(
      !found.isEmpty, key,
      "expected a pattern of parameters' names, got \(pattern), which matches none: they begin with "
        + parts.joined(separator: ", "))
    return found
  }
}

/// A parameter that training changes.
struct TrainedParameter {
  var name: String
  var parameter: Parameter
  /// Of the learning rate.
  var rateFactor = 1.0
}
