import MartletKernels

/// The gradient of a table that was looked up: the rows that have one, and which rows these are.
///
/// Inputs: for each lookup the gradient of what was found, [indices' shape…, row…], and its indices. Outputs: as many rows
/// as there are indices at most, and int32 numbers of rows: ascending, each once, and behind them rows of zeros with a
/// number below 0. Made by graph passes only.
struct CoalesceRows: Operation {
  /// The table's, of which `indices` are.
  var rowCount: Int
  /// For each lookup, a row that gets no gradient.
  var paddingIndices: [Int?]

  var name: String { "coalesce" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(
      !paddingIndices.isEmpty && inputs.count == 2 * paddingIndices.count, name,
      "expected gradients and indices of \(paddingIndices.count) lookups, got \(inputs.count) tensors")
    let row = inputs[0].shape.dropFirst(inputs[1].rank)
    _ = try inputs[0].realFormat(name)
    for (gradient, indices) in lookups(inputs) {
      try indices.requireIndices(name)
      try require(
        gradient == inputs[0].with(shape: indices.shape + row) && gradient.layout == .rowMajor
          && indices.layout == .rowMajor, name,
        "expected a row-major gradient of rows \(Array(row)) for each index, got \(gradient) and \(indices)")
    }
    let count = lookups(inputs).reduce(0) { $0 + $1.indices.elementCount }
    return [inputs[0].with(shape: [count] + row), TensorType([count], .int32)]
  }

  private func lookups(_ inputs: [TensorType]) -> [(gradient: TensorType, indices: TensorType)] {
    paddingIndices.indices.map { (inputs[2 * $0], inputs[2 * $0 + 1]) }
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    RowCoalescing.workspaceByteCount(
      count: outputs[0].shape[0], width: outputs[0].rowWidth, format: outputs[0].checkedFormat)
  }

  func run(_ call: OperationCall) throws {
    let sources = try paddingIndices.enumerated().map { lookup, paddingIndex in
      let (gradient, indices) = (call.inputs[2 * lookup], call.indices(2 * lookup + 1))
      let type = call.inputs[2 * lookup + 1].type
      try indices.check(type, limit: rowCount, name)
      return RowCoalescing.Source(
        rows: gradient.address, indices: indices, count: type.elementCount, skipped: paddingIndex)
    }
    let rows = call.outputs[0]
    RowCoalescing.run(
      sources, limit: rowCount, width: rows.type.rowWidth, format: rows.type.checkedFormat,
      sums: rows.address,
      ids: call.outputs[1].elements(), workspace: call.workspace)
  }
}

/// An optimizer's step on a table of which few rows have a gradient.
///
/// Inputs: the step's, with the outputs of ``CoalesceRows`` in place of the gradient. Made by graph passes only.
struct StepOnRows<Step: OptimizerStep>: Operation {
  var step: Step

  var name: String { step.name }
  var detail: String { "of rows" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let (table, rows, ids) = (inputs[0], inputs[1], inputs[2])
    try require(
      rows == table.with(shape: [ids.elementCount] + table.shape.dropFirst())
        && ids == TensorType([ids.elementCount], .int32), name,
      "expected rows of \(table) with int32 numbers, got \(rows) and \(ids)")
    return try step.inferOutputs([table, table] + inputs[3...])
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    step.isSparse ? 0 : OptimizerSteps.rowsWorkspaceByteCount(inputs[0].scalar.elementType)
  }

  func run(_ call: OperationCall) {
    let scalars = StepScalars(call.inputs.dropFirst(3 + step.stateCount))
    guard scalars.gradientScale.isFinite else { return }
    let (table, rows, ids) = (call.inputs[0], call.inputs[1], call.inputs[2])
    let gradients = RowGradients(
      rowCount: table.type.shape[0], width: table.type.rowWidth, rows: rows.address, ids: ids.elements(),
      capacity: ids.type.elementCount)
    let state = call.inputs[3..<3 + step.stateCount].map(\.address)
    let (rule, type) = (step.rule(scalars), table.type.scalar.elementType)
    if step.isSparse {
      OptimizerSteps.runSparsely(
        rule, type, parameter: table.address, state: state, gradients: gradients)
    } else {
      OptimizerSteps.run(
        rule, type, parameter: table.address, state: state, gradients: gradients, workspace: call.workspace)
    }
  }

  var mutatedInputs: [Int] { [0] + (0..<step.stateCount).map { 3 + $0 } }
}

extension TensorType {
  /// Elements of a slice along the first axis.
  var rowWidth: Int { shape.dropFirst().reduce(1, *) }
}
