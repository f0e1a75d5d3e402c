import CMartletKernels

/// Scaled dot-product attention (Vaswani et al., "Attention Is All You Need", 2017), whose weights add up to 1 over the
/// keys, as published, or over the queries.
///
/// A head's scores are made, used and forgotten one head at a time on each thread; the way back makes them again. Only
/// the logarithms of their sums are kept.
public struct Attention: Sendable {
  public let shape: AttentionShape
  /// Which weights are dropped; nil for none. A gradient needs that of its forward pass.
  public let dropout: AttentionDropout?

  public init(_ shape: AttentionShape, dropout: AttentionDropout? = nil) {
    self.shape = shape
    self.dropout = dropout
  }

  /// Where inputs, or gradients, of queries, keys and values are.
  public struct Operands {
    /// [batch, queries, heads · size], of ``AttentionShape/format``.
    public var queries: UnsafeMutableRawPointer
    /// [batch, keys, heads · size], of the same format.
    public var keys: UnsafeMutableRawPointer
    /// [batch, keys, heads · size], of the same format.
    public var values: UnsafeMutableRawPointer

    public init(
      queries: UnsafeMutableRawPointer, keys: UnsafeMutableRawPointer, values: UnsafeMutableRawPointer
    ) {
      self.queries = queries
      self.keys = keys
      self.values = values
    }
  }

  /// Whether the sums are made of the scores or given.
  public enum Sums { case made, given }

  /// - Parameters:
  ///   - keyCounts: How many keys each sequence's queries see, or nil for all. Over the keys only.
  ///   - logSums: [batch, heads, sums]: written where they are made, read where they are given.
  ///   - context: [batch, queries, heads · size].
  public func forward(
    _ inputs: Operands, keyCounts: UnsafePointer<Int32>?, sums: Sums, logSums: UnsafeMutableRawPointer,
    context: UnsafeMutableRawPointer
  ) {
    forEachHead(inputs, keyCounts) { head, pair, part in
      head.multiplyPositions(part.queries, part.keys, to: head.weights)
      switch sums {
      case .made: head.normalize(sumsPart(logSums, pair))
      case .given: head.weigh(sumsPart(logSums, pair))
      }
      drop(head.weights, pair)
      head.multiplyKeys(head.weights, part.values, to: context + byteOffset(pair, shape.queries))
    }
  }

  /// The gradients of queries, keys and values.
  ///
  /// - Parameters:
  ///   - logSums: Those that ``forward(_:keyCounts:sums:logSums:context:)`` made or read.
  ///   - logSumGradients: Where their gradients go if they were given, nil if they were made.
  public func gradient(
    _ inputs: Operands, keyCounts: UnsafePointer<Int32>?, logSums: UnsafeMutableRawPointer,
    contextGradient: UnsafeRawPointer, logSumGradients: UnsafeMutableRawPointer?, gradients: Operands
  ) {
    forEachHead(inputs, keyCounts) { head, pair, part in
      let slope = contextGradient + byteOffset(pair, shape.queries)
      head.multiplyPositions(part.queries, part.keys, to: head.weights)
      head.weigh(sumsPart(logSums, pair))
      // The values saw weights with some dropped; the weights' own gradients are of those before.
      if dropout != nil {
        head.slopes.copyMemory(from: head.weights, byteCount: matrixByteCount)
        drop(head.slopes, pair)
        head.multiplyQueries(head.slopes, slope, to: gradients.values + byteOffset(pair, shape.keys))
      } else {
        head.multiplyQueries(head.weights, slope, to: gradients.values + byteOffset(pair, shape.keys))
      }
      head.multiplyPositions(slope, part.values, to: head.slopes)
      drop(head.slopes, pair)
      head.shift()
      if let logSumGradients {
        // Given sums do not change with the scores: what those would take, the sums get.
        let byteCount = shape.sumCount * shape.format.byteCount
        sumsPart(logSumGradients, pair).copyMemory(from: head.shifts, byteCount: byteCount)
        StridedCopy.zero(head.shifts, byteCount: byteCount)
      }
      head.slope(shifts: head.shifts)
      spread(&head, head.slopes, pair, part, gradients)
    }
  }

  /// log Σ exp(scale · q · k) alone: [batch, heads, sums].
  public func logSums(
    queries: UnsafeMutableRawPointer, keys: UnsafeMutableRawPointer, to logSums: UnsafeMutableRawPointer
  ) {
    forEachHead(Operands(queries: queries, keys: keys, values: keys), nil) { head, pair, part in
      head.multiplyPositions(part.queries, part.keys, to: head.weights)
      head.normalize(sumsPart(logSums, pair))
    }
  }

  /// The gradients of queries and keys from those of the sums' logarithms.
  public func logSumsGradient(
    queries: UnsafeMutableRawPointer, keys: UnsafeMutableRawPointer, logSums: UnsafeMutableRawPointer,
    logSumGradients: UnsafeMutableRawPointer, queryGradient: UnsafeMutableRawPointer,
    keyGradient: UnsafeMutableRawPointer
  ) {
    let gradients = Operands(queries: queryGradient, keys: keyGradient, values: keyGradient)
    forEachHead(Operands(queries: queries, keys: keys, values: keys), nil) { head, pair, part in
      head.multiplyPositions(part.queries, part.keys, to: head.weights)
      head.weigh(sumsPart(logSums, pair))
      head.slope(shifts: sumsPart(logSumGradients, pair), hasSlopes: false)
      spread(&head, head.weights, pair, part, gradients)
    }
  }

  /// The gradients of queries and keys from those of the scores.
  private func spread(
    _ head: inout AttentionHead, _ slopes: UnsafeRawPointer, _ pair: Int, _ inputs: Operands,
    _ gradients: Operands
  ) {
    head.multiplyKeys(slopes, inputs.keys, to: gradients.queries + byteOffset(pair, shape.queries))
    head.multiplyQueries(slopes, inputs.queries, to: gradients.keys + byteOffset(pair, shape.keys))
  }

  private func forEachHead(
    _ inputs: Operands, _ keyCounts: UnsafePointer<Int32>?,
    _ body: (inout AttentionHead, Int, Operands) -> Void
  ) {
    ThreadPool.parallelFor(shape.pairs) { pair in
      var head = AttentionHead(shape)
      if let keyCounts { head.show(keys: Int(keyCounts[pair / shape.heads])) }
      let part = Operands(
        queries: inputs.queries + byteOffset(pair, shape.queries),
        keys: inputs.keys + byteOffset(pair, shape.keys),
        values: inputs.values + byteOffset(pair, shape.keys))
      body(&head, pair, part)
    }
  }

  private var matrixByteCount: Int { shape.queries * shape.keys * shape.format.byteCount }

  private func byteOffset(_ pair: Int, _ positions: Int) -> Int {
    shape.offset(ofPair: pair, positions: positions) * shape.format.byteCount
  }

  private func sumsPart(_ sums: UnsafeMutableRawPointer, _ pair: Int) -> UnsafeMutableRawPointer {
    sums + pair * shape.sumCount * shape.format.byteCount
  }

  private func drop(_ weights: UnsafeMutableRawPointer, _ pair: Int) {
    dropout?.drop(weights, count: shape.queries * shape.keys, pair: pair, format: shape.format)
  }
}
