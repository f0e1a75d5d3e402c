/// The candidate that differs from `name` in the fewest characters, when that is less than half of it.
public func nearestName(to name: String, in candidates: some Collection<String>) -> String? {
  let scored = candidates.filter { isWorthComparing($0, name) }.map { ($0, editDistance(name, $0)) }
  guard let best = scored.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }), best.1 * 2 < max(name.count, 1) else {
    return nil
  }
  return best.0
}

/// Some of many candidates, the nearest to a name first.
public func nearestNames(to name: String, in candidates: some Collection<String>, count: Int) -> [String] {
  let scored = candidates.filter { $0.utf8.count <= longestCompared }.map { candidate in
    (candidate, editDistance(String(name.prefix(longestCompared)), candidate))
  }
  return scored.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(count).map(\.0)
}

/// The candidate that a dotted name may have become: that which ends in the most of the same parts, two at least or
/// all of one of them; otherwise the nearest one.
func likeliestName(for name: String, in candidates: some Collection<String>) -> String? {
  let parts = Array(name.split(separator: ".").reversed())
  var best: (name: String, count: Int)?
  for candidate in candidates where candidate.utf8.count <= longestCompared {
    let others = candidate.split(separator: ".").reversed()
    let count = zip(parts, others).prefix { $0 == $1 }.count
    guard count >= 2 || count > 0 && count == min(parts.count, others.count) else { continue }
    if count > best?.count ?? 0 || count == best?.count && candidate < best?.name ?? "" {
      best = (candidate, count)
    }
  }
  return best?.name ?? nearestName(to: name, in: candidates)
}

/// Names can come from files, and be of any length; comparing them takes the product of their lengths.
private let longestCompared = 256

/// Whether two names can be near each other, and finding out is worth its time.
private func isWorthComparing(_ a: String, _ b: String) -> Bool {
  let longer = max(a.utf8.count, b.utf8.count)
  return longer <= longestCompared && (longer - min(a.utf8.count, b.utf8.count)) * 2 <= longer
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
