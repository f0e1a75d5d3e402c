/// What keeps a state from being a model's.
struct StateProblems: CustomStringConvertible {
  private var missing: [String] = []
  private var unexpected: [String] = []
  private var misshapen: [String] = []
  private var given: [String: Tensor]
  private let wanted: [String: TensorType]

  /// Names of each kind that are shown.
  private static let shown = 10

  init(given: [String: Tensor], wanted: [String: TensorType]) {
    self.given = given
    self.wanted = wanted
    missing = wanted.keys.filter { given[$0] == nil && !Self.isOptional($0) }.sorted()
    unexpected = given.keys.filter { wanted[$0] == nil }.sorted()
    misshapen = wanted.keys.filter { name in
      guard let tensor = given[name], let type = wanted[name] else { return false }
      return tensor.shape != type.shape || tensor.scalar.isFloatingPoint != type.scalar.isFloatingPoint
    }.sorted()
  }

  var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }

  /// PyTorch counts batches since version 0.4.1, and nothing is computed from the number.
  private static func isOptional(_ name: String) -> Bool {
    name == "num_batches_tracked" || name.hasSuffix(".num_batches_tracked")
  }

  var description: String {
    (list(missing, "missing") { name in
      let near = likeliestName(for: name, in: unexpected)
      return "missing \(name)" + (near.map { " (there is \(printable($0)))" } ?? "")
    }
      + list(unexpected, "unexpected") { "unexpected \(printable($0))" }
      + list(misshapen, "of another shape", difference)).joined(separator: "; ")
  }

  private func list(_ names: [String], _ kind: String, _ text: (String) -> String) -> [String] {
    let rest = names.count - Self.shown
    return names.prefix(Self.shown).map(text) + (rest > 0 ? ["… and \(rest) more \(kind)"] : [])
  }

  private func difference(_ name: String) -> String {
    guard let tensor = given[name], let type = wanted[name] else { return name }
    if tensor.shape != type.shape { return "\(name): expected shape \(type.shape), got \(tensor.shape)" }
    return "\(name): expected \(type.scalar), got \(tensor.scalar)"
  }
}
