extension Module {
  /// Every parameter and buffer as it is now, by name.
  public var stateDict: [String: Tensor] {
    Dictionary(variables.map { ($0.name, $0.variable.concrete) }, uniquingKeysWith: { first, _ in first })
  }

  /// Replaces parameters and buffers by name.
  ///
  /// Floating-point tensors are converted to the variable's element type. Nothing is changed unless everything fits.
  ///
  /// - Parameters:
  ///   - state: Tensors in PyTorch's logical shapes, such as [outputs, inputs, height, width] for a convolution.
  ///   - source: What to call the state's origin in errors, such as a file's name.
  /// - Throws: ``MartletError`` listing every missing, unexpected and mis-shaped name.
  public func loadStateDict(_ state: [String: Tensor], source: String = "state") throws {
    let own = Dictionary(variables.map { ($0.name, $0.variable) }, uniquingKeysWith: { first, _ in first })
    var problems: [String] = []
    for name in own.keys.sorted() where state[name] == nil {
      let near = nearestName(to: name, in: state.keys.filter { own[$0] == nil })
      problems.append("missing \(name)" + (near.map { " (there is \($0))" } ?? ""))
    }
    for name in state.keys.sorted() where own[name] == nil { problems.append("unexpected \(name)") }
    for (name, variable) in own.sorted(by: { $0.key < $1.key }) {
      guard let tensor = state[name] else { continue }
      if tensor.shape != variable.type.shape {
        problems.append("\(name): expected shape \(variable.type.shape), got \(tensor.shape)")
      }
    }
    let shown = problems.prefix(20)
    let rest = problems.count > shown.count ? ["… and \(problems.count - shown.count) more"] : []
    try require(
      problems.isEmpty, "load", "\(source) does not fit the model: " + (shown + rest).joined(separator: "; "))
    let converted = try own.map { name, variable in
      guard let tensor = state[name] else { preconditionFailure("checked above") }
      return (variable, try tensor.cast(to: variable.type.scalar).converted(to: variable.type.layout))
    }
    for (variable, tensor) in converted { try variable.assign(tensor) }
  }
}

/// The candidate that differs from `name` in the fewest characters, when that is less than half of it.
public func nearestName(to name: String, in candidates: some Collection<String>) -> String? {
  let scored = candidates.map { ($0, editDistance(name, $0)) }
  guard let best = scored.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }), best.1 * 2 < max(name.count, 1) else {
    return nil
  }
  return best.0
}

/// Levenshtein's distance.
private func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a.utf8)
  let b = Array(b.utf8)
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
