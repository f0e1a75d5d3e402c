import Martlet

extension OperationConverter {
  static let attention: [OperationConverter] = [
    OperationConverter({ $0.attention }, write: attend),
    OperationConverter(
      { $0.attentionLogSums },
      write: {
        [try AttentionScores($0.fixed(\.self), $1).logSums()]
      }),
  ]

  private static func attend(
    _ attributes: RecordedAttributes<AttentionAttributes>, _ node: NodeContext
  ) throws -> [String] {
    let scores = try AttentionScores(attributes.fixed(\.self), node)
    let values = try scores.heads(node.inputs[2], of: 2, axes: [0, 2, 1, 3])
    let joined = node.transposed(node.node("MatMul", [try scores.weights(), values]), [0, 2, 1, 3])
    let context = try node.reshaped(joined, from: scores.split(0), to: node.outputShape())
    return node.isRead.count > 1 && node.isRead[1] ? [context, try scores.logSums()] : [context]
  }
}

/// Attention's scores for each head, [N, heads, L, M], and what is made of them.
private struct AttentionScores {
  private let attributes: AttentionAttributes
  private let node: NodeContext
  private var scores = ""
  /// Which keys a query sees; `nil` for all.
  private var mask: String?

  init(_ attributes: AttentionAttributes, _ node: NodeContext) throws {
    guard attributes.dropout == 0 else { throw node.unsupported() }
    self.attributes = attributes
    self.node = node
    let queries = try heads(node.inputs[0], of: 0, axes: [0, 2, 1, 3])
    let keys = try heads(node.inputs[1], of: 1, axes: [0, 2, 3, 1])
    let scaled = node.node("Mul", [queries, try node.scalar(attributes.scale)])
    scores = node.node("MatMul", [scaled, keys])
    mask = try makeMask()
    if let mask { scores = node.node("Where", [mask, scores, try lowest()]) }
  }

  /// The number of the axis that weights add up to 1 over.
  private var axis: Int { attributes.axis == .queries ? 2 : 3 }

  /// An input's shape with heads apart: [N, L, heads, size].
  func split(_ input: Int) -> [RecordedSize] {
    let shape = node.inputShape(input)
    let heads = RecordedSize(shape[2].values.map { _ in attributes.heads })
    return [shape[0], shape[1], heads, RecordedSize(shape[2].values.map { $0 / attributes.heads })]
  }

  /// An input with heads apart and axes exchanged.
  func heads(_ value: String, of input: Int, axes: [Int]) throws -> String {
    node.transposed(try node.reshaped(value, from: node.inputShape(input), to: split(input)), axes)
  }

  func weights() throws -> String {
    guard !attributes.hasLogSums else {
      let sums = node.inputs[attributes.hasKeyCounts ? 4 : 3]
      let aligned = node.node("Unsqueeze", [sums, try node.constant([axis])])
      return try seen(node.node("Exp", [node.node("Sub", [scores, aligned])]))
    }
    return try seen(node.node("Softmax", [scores], [.int("axis", axis)]))
  }

  func logSums() throws -> String {
    try node.reduced("ReduceLogSumExp", scores, axes: [axis], keepsAxes: false)
  }

  /// Weights, 0 for keys that are not seen even where a query sees none.
  private func seen(_ weights: String) throws -> String {
    guard let mask, attributes.hasKeyCounts else { return weights }
    return node.node("Where", [mask, weights, try node.scalar(0)])
  }

  private func lowest() throws -> String {
    try node.scalar(
      node.scalar == .float32 ? -Double(Float.greatestFiniteMagnitude) : -Double.greatestFiniteMagnitude)
  }

  private func makeMask() throws -> String? {
    guard attributes.isCausal || attributes.hasKeyCounts else { return nil }
    let (queries, keys) = (node.inputShape()[1], node.inputShape(1)[1])
    guard let queryCount = queries.fixed, let keyCount = keys.fixed else {
      throw InexpressibleSize(
        size: queries.fixed == nil ? queries : keys, what: "the number of keys that attention masks")
    }
    var masks: [String] = []
    if attributes.isCausal {
      let seen = (0..<queryCount).flatMap { query in (0..<keyCount).map { $0 <= query } }
      masks.append(try node.writer.constant(Tensor(shape: [queryCount, keyCount], scalars: seen)))
    }
    if attributes.hasKeyCounts {
      let numbers = try Tensor(shape: [keyCount], scalars: (0..<keyCount).map { Int32($0) })
      let counts = node.node("Reshape", [node.inputs[3], try node.constant([-1, 1, 1, 1])])
      masks.append(node.node("Less", [try node.writer.constant(numbers), counts]))
    }
    return masks.count == 1 ? masks[0] : node.node("And", masks)
  }
}
