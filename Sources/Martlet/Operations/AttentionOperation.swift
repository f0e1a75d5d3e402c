import MartletKernels

/// The attributes of attention, as its operations share them.
public struct AttentionAttributes: Hashable, Sendable {
  /// How many heads lie side by side in queries, keys and values; it divides their size.
  public var heads: Int
  /// What scores are multiplied by.
  public var scale: Double
  /// What weights add up to 1 over.
  public var axis: AttentionShape.Axis
  /// Whether query i sees keys 0 … i only.
  public var isCausal: Bool
  /// Whether an input tells how many keys each sequence has.
  public var hasKeyCounts: Bool
  /// Whether the logarithms of the sums are given.
  public var hasLogSums: Bool
  /// Probability that a weight is dropped; the stream of its random numbers.
  public var dropout: Double
  /// What tells those random numbers from the others of a graph.
  public var stream: UInt64

  static let name = "attention"
  private static let largestScores = 1 << 26

  /// Checks queries, keys and what else there is; gives the kernel's shape.
  @discardableResult
  func shape(_ inputs: [TensorType], _ name: String = name) throws -> AttentionShape {
    let (queries, keys) = (inputs[0], inputs[1])
    let format = try queries.realFormat(name)
    try require(
      queries.rank == 3 && keys.rank == 3 && queries.shape[0] == keys.shape[0]
        && queries.shape[2] == keys.shape[2] && keys.scalar == queries.scalar, name,
      "expected queries [N, L, H] and keys [N, M, H] of one type, got \(queries) and \(keys)")
    try require(
      inputs.prefix(3).allSatisfy { $0.layout == .rowMajor }, name,
      "expected row-major inputs, got \(inputs.prefix(3))")
    try require(
      heads >= 1 && queries.shape[2] % heads == 0, name,
      "expected a size that \(heads) heads divide, got \(queries.shape[2]) (\(queries))")
    try require((0...1).contains(dropout), name, "expected a probability from 0 to 1, got \(dropout)")
    try require(
      axis == .keys || (!isCausal && !hasKeyCounts), name,
      "expected weights over the keys where not all of them are seen, got weights over the queries")
    try require(
      !isCausal || queries.shape[1] == keys.shape[1], name,
      "expected as many queries as keys where attention is causal, got \(queries.shape[1]) and \(keys.shape[1])"
    )
    // A thread holds a head's scores and their gradients.
    let (scores, overflows) = queries.shape[1].multipliedReportingOverflow(by: keys.shape[1])
    try require(
      !overflows && scores <= Self.largestScores, name,
      "expected at most \(Self.largestScores) scores a head, got \(queries.shape[1]) queries and "
        + "\(keys.shape[1]) keys")
    return AttentionShape(
      batch: queries.shape[0], heads: heads, queries: queries.shape[1], keys: keys.shape[1],
      size: queries.shape[2] / heads, scale: scale, axis: axis, isCausal: isCausal, format: format)
  }

  /// The type of the sums' logarithms: [N, heads, queries or keys].
  func logSums(_ shape: AttentionShape, _ scalar: ScalarType) -> TensorType {
    TensorType([shape.batch, heads, axis == .queries ? shape.keys : shape.queries], scalar)
  }

  /// Checks all inputs of attention: queries, keys, values, and the counts of keys and the sums' logarithms if there are.
  func check(_ inputs: [TensorType], _ name: String) throws -> AttentionShape {
    let shape = try shape(inputs, name)
    try require(
      inputs[2] == inputs[1], name, "expected values like the keys, \(inputs[1]), got \(inputs[2])")
    if hasKeyCounts {
      try require(
        inputs[3] == TensorType([shape.batch], .int32), name,
        "expected counts of keys int32[\(shape.batch)], got \(inputs[3])")
    }
    if hasLogSums {
      let expected = logSums(shape, inputs[0].scalar)
      let given = inputs[hasKeyCounts ? 4 : 3]
      try require(given == expected, name, "expected logarithms of sums \(expected), got \(given)")
    }
    return shape
  }

  func kernel(_ shape: AttentionShape, _ random: RandomState) -> Attention {
    Attention(
      shape,
      dropout: dropout > 0
        ? AttentionDropout(probability: dropout, seed: random.seed, stream: stream, step: random.step) : nil)
  }

  var sums: Attention.Sums { hasLogSums ? .given : .made }
}

/// Scaled dot-product attention.
///
/// Inputs: queries [N, L, H], keys and values [N, M, H]; int32 [N] counts of keys where there are some; [N, heads, L or M]
/// logarithms of the sums where those are given. Outputs: the context [N, L, H], and the sums' logarithms.
struct AttentionOperation: Operation {
  var attributes: AttentionAttributes

  var name: String { AttentionAttributes.name }
  var isRandom: Bool { attributes.dropout > 0 }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let shape = try attributes.check(inputs, name)
    return [inputs[0]] + (attributes.hasLogSums ? [] : [attributes.logSums(shape, inputs[0].scalar)])
  }

  func run(_ call: OperationCall) throws {
    let shape = try attributes.shape(call.inputs.map(\.type), name)
    if attributes.hasKeyCounts { try checkCounts(call.inputs[3], shape) }
    attributes.kernel(shape, call.random).forward(
      call.attentionInputs, keyCounts: attributes.hasKeyCounts ? call.inputs[3].elements(Int32.self) : nil,
      sums: attributes.sums,
      logSums: attributes.hasLogSums
        ? call.inputs[attributes.hasKeyCounts ? 4 : 3].address : call.outputs[1].address,
      context: call.outputs[0].address)
  }

  private func checkCounts(_ operand: Operand, _ shape: AttentionShape) throws {
    let counts = operand.elements(Int32.self)
    for i in 0..<shape.batch {
      try require(
        (0...shape.keys).contains(Int(counts[i])), name,
        "expected counts of keys from 0 to \(shape.keys), got \(counts[i]) for sequence \(i)")
    }
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    2 * inputs[0].elementCount * inputs[1].shape[1]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    // Nobody outside of this file sees the sums' logarithms that were made, so no gradient comes to them.
    let made = attributes.hasLogSums ? [] : [context.outputs[1]]
    let gradients: [Tensor?] = try Tensor.apply(
      AttentionGradient(attributes: attributes), context.inputs + made + [context.outputGradient])
    return gradients.prefix(3) + (attributes.hasKeyCounts ? [nil] : []) + gradients.dropFirst(3)
  }
}

/// The gradients of ``AttentionOperation``. Inputs: its own, the sums' logarithms where it made them, and the context's
/// gradient. Outputs: those of queries, keys, values, and of the sums' logarithms where they were given.
struct AttentionGradient: Operation {
  var attributes: AttentionAttributes

  var name: String { "\(AttentionAttributes.name)_backward" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let shape = try attributes.check(inputs, name)
    let logSums = attributes.logSums(shape, inputs[0].scalar)
    try require(
      inputs[inputs.count - 2] == logSums && inputs[inputs.count - 1] == inputs[0], name,
      "expected logarithms of sums \(logSums) and a gradient of \(inputs[0]), got \(inputs.suffix(2))")
    return Array(inputs[0...2]) + (attributes.hasLogSums ? [logSums] : [])
  }

  func run(_ call: OperationCall) throws {
    let shape = try attributes.shape(call.inputs.map(\.type), name)
    attributes.kernel(shape, call.random).gradient(
      call.attentionInputs, keyCounts: attributes.hasKeyCounts ? call.inputs[3].elements(Int32.self) : nil,
      logSums: call.inputs[call.inputs.count - 2].address,
      contextGradient: call.inputs[call.inputs.count - 1].address,
      logSumGradients: attributes.hasLogSums ? call.outputs[3].address : nil,
      gradients: Attention.Operands(
        queries: call.outputs[0].address, keys: call.outputs[1].address, values: call.outputs[2].address))
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    5 * inputs[0].elementCount * inputs[1].shape[1]
  }
}

extension OperationCall {
  fileprivate var attentionInputs: Attention.Operands {
    Attention.Operands(queries: inputs[0].address, keys: inputs[1].address, values: inputs[2].address)
  }
}

/// log Σ exp(scale · q · k) over the queries or the keys: [N, heads, keys or queries]. Inputs: queries and keys.
struct AttentionLogSums: Operation {
  var attributes: AttentionAttributes

  var name: String { "attention_log_sums" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    [attributes.logSums(try attributes.shape(inputs, name), inputs[0].scalar)]
  }

  func run(_ call: OperationCall) throws {
    let shape = try attributes.shape(call.inputs.map(\.type), name)
    Attention(shape).logSums(
      queries: call.inputs[0].address, keys: call.inputs[1].address, to: call.outputs[0].address)
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    inputs[0].elementCount * inputs[1].shape[1]
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(
      AttentionLogSumsGradient(attributes: attributes),
      context.inputs + [context.outputs[0], context.outputGradient])
  }
}

/// The gradients of ``AttentionLogSums``. Inputs: queries, keys, the logarithms and their gradient.
struct AttentionLogSumsGradient: Operation {
  var attributes: AttentionAttributes

  var name: String { "attention_log_sums_backward" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let logSums = attributes.logSums(try attributes.shape(inputs, name), inputs[0].scalar)
    try require(
      inputs[2] == logSums && inputs[3] == logSums, name,
      "expected logarithms of sums and their gradient \(logSums), got \(inputs.suffix(2))")
    return Array(inputs[0...1])
  }

  func run(_ call: OperationCall) throws {
    let shape = try attributes.shape(call.inputs.map(\.type), name)
    Attention(shape).logSumsGradient(
      queries: call.inputs[0].address, keys: call.inputs[1].address, logSums: call.inputs[2].address,
      logSumGradients: call.inputs[3].address, queryGradient: call.outputs[0].address,
      keyGradient: call.outputs[1].address)
  }

  func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    3 * inputs[0].elementCount * inputs[1].shape[1]
  }
}

extension Tensor {
  /// What the weights of attention add up to 1 over.
  public typealias AttentionAxis = AttentionShape.Axis

  /// Scaled dot-product attention of several heads (Vaswani et al., 2017): for each head softmax(scale · q · kᵀ) · v.
  /// This tensor holds the queries, [N, L, H], where H is the heads' elements side by side.
  ///
  /// No matrix of scores is kept: the gradient makes them again.
  ///
  /// - Parameters:
  ///   - keys: [N, M, H].
  ///   - values: [N, M, H].
  ///   - heads: They divide H.
  ///   - scale: What scores are multiplied by; 1/√(H / heads) unless given.
  ///   - axis: Weights add up to 1 over the keys for each query, or over the queries for each key.
  ///   - isCausal: Whether query i sees keys 0 … i only.
  ///   - keyCounts: int32 [N]: how many of its keys a sequence's queries see. A query that sees none has a context of 0.
  ///   - dropout: Probability with which a weight is dropped, the others being scaled up, and the stream of its random
  ///     numbers.
  /// - Returns: The context, [N, L, H].
  /// - Throws: ``MartletError`` when shapes do not fit, or when some keys are not to be seen and weights are over queries.
  public func attention(
    keys: Tensor, values: Tensor, heads: Int, scale: Double? = nil, axis: AttentionAxis = .keys,
    isCausal: Bool = false, keyCounts: Tensor? = nil, dropout: (probability: Double, stream: UInt64)? = nil
  ) throws -> Tensor {
    try attention(
      keys, values, heads, scale, axis, isCausal: isCausal, keyCounts: keyCounts, logSums: nil, dropout)
  }

  /// Attention whose sums are known: for each head exp(scale · q · kᵀ − log sum) · v.
  ///
  /// With ``attentionLogSums(keys:heads:scale:axis:)`` of all queries it gives the contexts of some of them.
  ///
  /// - Parameter logSums: [N, heads, M] for weights over the queries, [N, heads, L] for weights over the keys.
  public func attention(
    keys: Tensor, values: Tensor, heads: Int, scale: Double? = nil, axis: AttentionAxis, logSums: Tensor,
    dropout: (probability: Double, stream: UInt64)? = nil
  ) throws -> Tensor {
    try attention(
      keys, values, heads, scale, axis, isCausal: false, keyCounts: nil, logSums: logSums, dropout)
  }

  private func attention(
    _ keys: Tensor, _ values: Tensor, _ heads: Int, _ scale: Double?, _ axis: AttentionAxis, isCausal: Bool,
    keyCounts: Tensor?, logSums: Tensor?, _ dropout: (probability: Double, stream: UInt64)?
  ) throws -> Tensor {
    let attributes = AttentionAttributes(
      heads: heads, scale: scale ?? defaultScale(heads), axis: axis, isCausal: isCausal,
      hasKeyCounts: keyCounts != nil, hasLogSums: logSums != nil, dropout: dropout?.probability ?? 0,
      stream: dropout?.stream ?? 0)
    let inputs = [self, keys, values] + (keyCounts.map { [$0] } ?? []) + (logSums.map { [$0] } ?? [])
    return try Tensor.apply(
      AttentionOperation(attributes: attributes), inputs.map { try $0.converted(to: .rowMajor) })[0]
  }

  /// The logarithms of attention's sums, log Σ exp(scale · q · k): over the queries for each key, [N, heads, M], or over
  /// the keys for each query, [N, heads, L].
  ///
  /// - Throws: ``MartletError`` when shapes do not fit.
  public func attentionLogSums(
    keys: Tensor, heads: Int, scale: Double? = nil, axis: AttentionAxis
  ) throws -> Tensor {
    let attributes = AttentionAttributes(
      heads: heads, scale: scale ?? defaultScale(heads), axis: axis, isCausal: false, hasKeyCounts: false,
      hasLogSums: false, dropout: 0, stream: 0)
    return try Tensor.apply(
      AttentionLogSums(attributes: attributes),
      [converted(to: .rowMajor), keys.converted(to: .rowMajor)])[0]
  }

  private func defaultScale(_ heads: Int) -> Double {
    rank == 3 && heads > 0 && shape[2] >= heads ? 1 / Double(shape[2] / heads).squareRoot() : 1
  }
}
