import Martlet

/// A sum over products of tensors by Einstein's convention, as `numpy.einsum`: a letter names an axis, axes of one name
/// are gone along together, and those that the result does not have are summed up.
struct EinsteinSum {
  /// Names of each operand's axes; `…` stands for any number of them.
  private let operands: [[Character]]
  private let result: [Character]
  private static let rest: Character = "…"

  /// - Throws: ``MartletError`` for what is no equation.
  init(_ equation: String) throws {
    let text = equation.filter { $0 != " " }.replacing("...", with: String(Self.rest))
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    func isName(_ c: Character) -> Bool { c.isASCII && c.isLetter || c == Self.rest }
    operands = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    try require(
      sides.count <= 2 && equation.utf8.count <= 1024 && operands.joined().allSatisfy(isName)
        && operands.allSatisfy { $0.count(where: { $0 == Self.rest }) <= 1 }, "einsum",
      "expected an equation such as ij,jk->ik, got \(printable(equation))")
    let used = operands.joined()
    if sides.count == 2 {
      result = Array(sides[1])
      try require(
        Set(result).count == result.count && result.allSatisfy { used.contains($0) || $0 == Self.rest },
        "einsum",
        "expected a result of axes that the operands have, each once, got \(printable(equation))")
    } else {
      let once = Set(used).filter { c in used.count(where: { $0 == c }) == 1 && c != Self.rest }
      result = (used.contains(Self.rest) ? [Self.rest] : []) + once.sorted()
    }
  }

  func callAsFunction(_ tensors: [Tensor]) throws -> Tensor {
    try require(
      tensors.count == operands.count, "einsum", "expected \(operands.count) tensors, got \(tensors.count)")
    // Axes that the dots stand for are numbered from the last.
    let restCounts = zip(operands, tensors).map { names, tensor in
      names.contains(Self.rest) ? tensor.rank - names.count + 1 : 0
    }
    try require(
      zip(zip(operands, tensors), restCounts).allSatisfy { pair, rest in
        rest >= 0 && pair.1.rank == pair.0.count - (pair.0.contains(Self.rest) ? 1 : 0) + rest
      }, "einsum", "expected tensors with an axis for each letter, got \(tensors.map(\.type))")
    func expanded(_ names: [Character], _ count: Int) -> [String] {
      names.flatMap { $0 == Self.rest ? (0..<count).reversed().map { "\($0)" } : [String($0)] }
    }
    let wanted = expanded(result, restCounts.max() ?? 0)
    var terms = try zip(zip(operands, restCounts), tensors).map { pair, tensor in
      try Term(tensor, expanded(pair.0, pair.1)).diagonal()
    }
    while terms.count > 1 {
      let (a, b) = (terms.removeFirst(), terms.removeFirst())
      let needed = Set(wanted).union(terms.flatMap(\.axes))
      terms.insert(try a.multiplied(b, keeping: needed), at: 0)
    }
    return try terms[0].arranged(wanted)
  }
}

/// A tensor with a name for each axis.
private struct Term {
  var tensor: Tensor
  var axes: [String]

  init(_ tensor: Tensor, _ axes: [String]) {
    self.tensor = tensor
    self.axes = axes
  }

  private func size(_ axis: String) -> Int { axes.firstIndex(of: axis).map { tensor.shape[$0] } ?? 1 }

  /// Axes of one name become one: their diagonal.
  func diagonal() throws -> Term {
    var term = self
    while let axis = term.axes.first(where: { name in term.axes.count(where: { $0 == name }) > 1 }) {
      let places = term.axes.indices.filter { term.axes[$0] == axis }.prefix(2)
      let others = term.axes.indices.filter { !places.contains($0) }
      let size = term.tensor.shape[places[0]]
      try require(
        term.tensor.shape[places[1]] == size, "einsum",
        "expected equal sizes along \(axis), got \(term.tensor.type)")
      let sizes = others.map { term.tensor.shape[$0] }
      term = Term(
        try term.tensor.permuted(others + places).reshaped(to: sizes + [size * size])
          .sliced(axis: -1, step: size + 1), others.map { term.axes[$0] } + [axis])
    }
    return term
  }

  /// Sums over the axes that are not needed any more.
  private func summed(keeping needed: Set<String>) throws -> Term {
    let gone = axes.indices.filter { !needed.contains(axes[$0]) }
    if gone.isEmpty { return self }
    return Term(try tensor.sum(axes: gone), axes.filter(needed.contains))
  }

  /// The product with another, as one of matrices.
  func multiplied(_ other: Term, keeping needed: Set<String>) throws -> Term {
    let a = try summed(keeping: needed.union(other.axes))
    let b = try other.summed(keeping: needed.union(axes))
    let shared = a.axes.filter(b.axes.contains)
    let batch = shared.filter(needed.contains)
    let inner = shared.filter { !needed.contains($0) }
    let rows = a.axes.filter { !shared.contains($0) }
    let columns = b.axes.filter { !shared.contains($0) }
    func sizes(_ names: [String]) throws -> [Int] {
      try names.map { name in
        let (x, y) = (a.size(name), b.size(name))
        try require(
          x == y || x == 1 || y == 1, "einsum", "expected equal sizes along \(name), got \(x) and \(y)")
        return Swift.max(x, y)
      }
    }
    func matrix(_ term: Term, _ first: [String], _ second: [String]) throws -> Tensor {
      let (batchSizes, firstSizes, secondSizes) = (try sizes(batch), try sizes(first), try sizes(second))
      let ordered = try term.arranged(batch + first + second)
        .broadcast(to: batchSizes + firstSizes + secondSizes)
      return try ordered.reshaped(to: batchSizes + [firstSizes.reduce(1, *), secondSizes.reduce(1, *)])
    }
    let product = try matrix(a, rows, inner).matmul(matrix(b, inner, columns))
    return Term(
      try product.reshaped(to: sizes(batch) + sizes(rows) + sizes(columns)), batch + rows + columns)
  }

  /// The axes in an order, those that are not in it summed up.
  func arranged(_ order: [String]) throws -> Tensor {
    let term = try summed(keeping: Set(order))
    var tensor = term.tensor
    var axes = term.axes
    // What the result has and this term has not is an axis of size 1.
    for name in order where !axes.contains(name) {
      tensor = try tensor.unsqueezed(axes.count)
      axes.append(name)
    }
    return try tensor.permuted(order.map { name in axes.firstIndex(of: name) ?? 0 })
  }
}
