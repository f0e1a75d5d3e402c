import MartletKernels

/// Products of matrices: the last two axes are multiplied, those before are a batch and broadcast.
///
/// Inputs: a […, M, K] and b […, K, N] — or their transposes, see the flags — and, optionally, a bias [N] that is
/// added to every row. Output: […, M, N].
public struct MatMulOperation: Operation {
  /// Whether `a` comes as […, K, M].
  public let transposesA: Bool
  /// Whether `b` comes as […, N, K].
  public let transposesB: Bool

  public init(transposesA: Bool = false, transposesB: Bool = false) {
    self.transposesA = transposesA
    self.transposesB = transposesB
  }

  public var name: String { "matmul" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (a, b) = (inputs[0], inputs[1])
    _ = try a.realFormat(name)
    try require(
      a.rank >= 2 && b.rank >= 2 && a.layout == .rowMajor && b.layout == .rowMajor, name,
      "expected row-major matrices or batches of them, got \(a) and \(b)")
    try require(a.scalar == b.scalar, name, "expected one element type, got \(a) and \(b)")
    let (rows, depth) = transposesA ? (a.rank - 1, a.rank - 2) : (a.rank - 2, a.rank - 1)
    let (columns, otherDepth) = transposesB ? (b.rank - 2, b.rank - 1) : (b.rank - 1, b.rank - 2)
    try require(
      a.shape[depth] == b.shape[otherDepth], name,
      "expected equal inner sizes, got \(a.shape)\(transposesA ? "ᵀ" : "") and \(b.shape)\(transposesB ? "ᵀ" : "")"
    )
    let batch = try TensorType.broadcastShape([a.batchShape, b.batchShape], name)
    if inputs.count > 2 {
      try require(
        inputs[2].shape == [b.shape[columns]] && inputs[2].scalar == a.scalar, name,
        "expected a bias of \(a.scalar.rawValue)[\(b.shape[columns])], got \(inputs[2])")
    }
    let output = TensorType(batch + [a.shape[rows], b.shape[columns]], a.scalar)
    try output.requireCountable(name)
    return [output]
  }

  private func product(_ inputs: [TensorType], _ output: TensorType) -> MatrixProduct {
    let (a, b) = (inputs[0], inputs[1])
    var rows = output.shape[output.rank - 2]
    let depth = a.shape[a.rank - (transposesA ? 2 : 1)]
    var factors: [(a: Int, b: Int)]
    if !transposesA, b.batchShape.allSatisfy({ $0 == 1 }) {
      // One right operand for all: the batch is just more rows.
      rows *= output.batchShape.reduce(1, *)
      factors = [(0, 0)]
    } else {
      let strides = [a, b].map {
        TensorType($0.batchShape).strides(broadcastTo: TensorType(output.batchShape))
      }
      factors = [(0, 0)]
      for (axis, size) in output.batchShape.enumerated() {
        factors = factors.flatMap { factor in
          (0..<size).map { (a: factor.a + $0 * strides[0][axis], b: factor.b + $0 * strides[1][axis]) }
        }
      }
    }
    return MatrixProduct(
      rows: rows, columns: output.shape[output.rank - 1], depth: depth, transposesA: transposesA,
      transposesB: transposesB, factors: factors, format: a.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    product(inputs, outputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    product(call.inputs.map(\.type), call.outputs[0].type).run(
      a: call.inputs[0].address, b: call.inputs[1].address,
      bias: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil,
      output: call.outputs[0].address, workspace: call.workspace)
  }

  public func multiplyAdds(inputs: [TensorType], outputs: [TensorType]) -> Int {
    outputs[0].elementCount * inputs[0].shape[inputs[0].rank - (transposesA ? 2 : 1)]
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let (a, b, dy) = (context.inputs[0], context.inputs[1], context.outputGradient)
    // a · b = y gives da = dy · bᵀ and db = aᵀ · dy; where an operand came transposed, so must its gradient.
    func product(_ x: Tensor, _ flipX: Bool, _ y: Tensor, _ flipY: Bool) throws -> Tensor {
      try Tensor.apply(MatMulOperation(transposesA: flipX, transposesB: flipY), [x, y])[0]
    }
    var gradients: [Tensor?] = [nil, nil]
    if context.wanted[0] {
      let da =
        transposesA ? try product(b, transposesB, dy, true) : try product(dy, false, b, !transposesB)
      gradients[0] = try da.sum(to: a.type)
    }
    if context.wanted[1] {
      if !transposesA, b.rank == 2, a.rank > 2 {
        // One right operand for the whole batch: a single product over all rows rather than a sum of products.
        let count = a.shape.dropLast().reduce(1, *)
        let rows = try a.reshaped(to: [count, a.shape[a.rank - 1]])
        let slopes = try dy.reshaped(to: [count, dy.shape[dy.rank - 1]])
        gradients[1] =
          transposesB ? try product(slopes, true, rows, false) : try product(rows, true, slopes, false)
      } else {
        let db =
          transposesB ? try product(dy, true, a, transposesA) : try product(a, !transposesA, dy, false)
        gradients[1] = try db.sum(to: b.type)
      }
    }
    if context.inputs.count > 2 {
      gradients.append(context.wanted[2] ? try dy.sum(axes: Array(0..<dy.rank - 1)) : nil)
    }
    return gradients
  }
}

extension TensorType {
  /// The axes before the last two.
  fileprivate var batchShape: [Int] { Array(shape.dropLast(2)) }
}

extension Tensor {
  /// The matrix product, as `torch.matmul`: axes before the last two are a batch and broadcast; a vector on the left
  /// is a row, on the right a column, and its axis is taken out of the result.
  ///
  /// - Returns: […, M, N] for […, M, K] and […, K, N].
  /// - Throws: ``MartletError`` when the inner sizes differ, the batches do not broadcast, or an operand is a scalar.
  public func matmul(_ other: Tensor) throws -> Tensor {
    try require(
      rank >= 1 && other.rank >= 1, "matmul", "expected vectors or matrices, got \(type) and \(other.type)")
    let a = try (rank == 1 ? unsqueezed(0) : self).converted(to: .rowMajor)
    let b = try (other.rank == 1 ? other.unsqueezed(1) : other).converted(to: .rowMajor)
    var product = try Tensor.apply(MatMulOperation(), [a, b])[0]
    if other.rank == 1 { product = try product.squeezed(-1) }
    if rank == 1 { product = try product.squeezed(other.rank == 1 ? -1 : -2) }
    return product
  }

  /// The matrix product with the other's last two axes exchanged, without a copy: […, M, K] and […, N, K] give
  /// […, M, N].
  public func matmul(transposed other: Tensor) throws -> Tensor {
    try Tensor.apply(
      MatMulOperation(transposesB: true), [converted(to: .rowMajor), other.converted(to: .rowMajor)])[0]
  }

  /// x · weightᵀ + bias, as `torch.nn.functional.linear`: the last axis goes from inputs to outputs.
  ///
  /// - Parameters:
  ///   - weight: [outputs, inputs].
  ///   - bias: [outputs], or nil.
  /// - Returns: […, outputs].
  /// - Throws: ``MartletError`` when the sizes do not fit.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) throws -> Tensor {
    try require(
      rank >= 1 && weight.rank == 2 && shape[rank - 1] == weight.shape[1], "linear",
      "expected \(weight.rank == 2 ? "\(weight.shape[1]) inputs" : "a weight [outputs, inputs]"), got input "
        + "\(shape), weight \(weight.shape)")
    let input = try (rank == 1 ? unsqueezed(0) : self).converted(to: .rowMajor)
    let output = try Tensor.apply(
      MatMulOperation(transposesB: true), [input, weight] + (bias.map { [$0] } ?? []))[0]
    return rank == 1 ? try output.squeezed(0) : output
  }
}
