import Martlet

/// One node of a network, with calls of the file's own functions replaced by what they are made of.
struct NodeDefinition {
  /// What messages and modules call it: its own name, or one made of its operator; no two nodes have the same.
  var name: String
  var type: String
  /// Empty for the standard operators.
  var domain: String
  /// The version of the set of operators that it belongs to.
  var version: Int
  /// Names of values; empty where an input is left out or an output is not wanted.
  var inputs: [String]
  var outputs: [String]
  var attributes: [WireAttribute]
}

/// Names that are all different.
struct UniqueNames {
  private var taken: [String: Int] = [:]

  /// The name itself, or with a number behind it where it is taken.
  mutating func make(_ name: String) -> String {
    guard let count = taken[name] else {
      taken[name] = 1
      return name
    }
    taken[name] = count + 1
    return make("\(name)_\(count + 1)")
  }
}

/// Versions of sets of operators by domain, as a model or a function imports them.
struct OperatorSets {
  private var versions: [String: Int] = [:]

  /// Versions of the standard operators that are understood.
  static let understood = 7...28

  /// - Throws: ``MartletError`` for a domain that is imported twice, or a version of the standard operators that is not
  ///   understood.
  init(_ imports: [WireOperatorSet], of what: String) throws {
    for entry in imports {
      let domain = Self.normalized(entry.domain)
      try require(
        versions.updateValue(Int(entry.version), forKey: domain) == nil, "onnx",
        "\(what): expected each set of operators once, got \(Self.shown(domain)) twice")
      try require(
        !domain.isEmpty || Self.understood.contains(Int(entry.version)), "onnx",
        "\(what): expected version \(Self.understood.lowerBound) to \(Self.understood.upperBound) of the standard "
          + "operators, got \(entry.version)")
    }
  }

  subscript(domain: String) -> Int? { versions[Self.normalized(domain)] }

  /// The standard operators' domain has two names.
  static func normalized(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  static func shown(_ domain: String) -> String { domain.isEmpty ? "ai.onnx" : printable(domain) }
}
