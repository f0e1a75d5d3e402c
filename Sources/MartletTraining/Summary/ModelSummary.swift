import Martlet

/// What a model is made of: each layer's output, parameters and multiply-adds, and what running and training it takes.
public struct ModelSummary: Sendable {
  /// One layer, in the order in which layers ran.
  public struct Row: Sendable {
    public var name: String
    public var kind: String
    public var output: [Int]
    public var parameters: Int
    public var multiplyAdds: Int
  }

  public var rows: [Row]
  public var parameterCount: Int
  public var multiplyAdds: Int
  /// Bytes of a forward pass: parameters, input, values and result.
  public var inferenceByteCount: Int
  /// Bytes of a training step: parameters, optimizer state, batch, values, gradients.
  public var trainingByteCount: Int
  /// What runs in a forward pass and in a training step.
  public var forwardPlan: PlanListing
  public var trainingPlan: PlanListing

  /// - Parameters:
  ///   - input: [N, C, H, W].
  ///   - passes: Rewritings of the recorded graphs that keep their results.
  ///   - loss: Records a training step's loss from the model's input and the tensors of `targets`.
  public init(
    of model: any Layer, input: TensorType, targets: [TensorType], optimizer: any Optimizer,
    passes: [any GraphPass] = defaultPasses, loss: ([Tensor]) throws -> Tensor
  ) throws {
    let forward = try Function([input], passes: passes) { [try model($0[0])] }
    let state = try OptimizerState(optimizer, for: model)
    let step = try TrainingStep(
      model: model, optimizer: optimizer, state: state, batch: [input] + targets, passes: passes,
      loss: loss)

    let names = model.namesByIdentity
    forwardPlan = forward.listing(names: names)
    trainingPlan = step.listing(names: names)
    let own = Dictionary(
      model.modules.map { ($0.name, $0.module) }, uniquingKeysWith: { first, _ in first })
    var rows: [Row] = []
    var positions: [String: Int] = [:]
    for node in forward.recorded.nodes {
      let cost = node.operation.multiplyAdds(
        inputs: node.inputs.map(forward.recorded.type(of:)),
        outputs: node.outputs.map(forward.recorded.type(of:)))
      let output = node.outputs.first.map { forward.recorded.type(of: $0).shape } ?? []
      guard let name = forward.scopeNames(of: node, names: names).last, let module = own[name] else {
        continue
      }
      if let position = positions[name] {
        rows[position].multiplyAdds += cost
        rows[position].output = output
      } else {
        positions[name] = rows.count
        let parameters = Self.ownParameters(module).reduce(0) { $0 + $1.type.elementCount }
        rows.append(
          Row(
            name: name, kind: "\(type(of: module))", output: output, parameters: parameters,
            multiplyAdds: cost))
      }
    }
    self.rows = rows.filter { $0.parameters > 0 || $0.multiplyAdds > 0 }
    parameterCount = model.parameterCount
    multiplyAdds = rows.reduce(0) { $0 + $1.multiplyAdds }
    let modelBytes = model.variables.reduce(0) { $0 + $1.variable.type.byteCount }
    let resultBytes = forward.recorded.outputs.reduce(0) { $0 + forward.recorded.type(of: $1).byteCount }
    inferenceByteCount = modelBytes + input.byteCount + forward.plan.arenaByteCount + resultBytes
    trainingByteCount =
      modelBytes + state.byteCount + step.arenaByteCount
      + ([input] + targets).reduce(0) { $0 + $1.byteCount }
  }

  /// Parameters of a module that belong to no module inside it.
  private static func ownParameters(_ module: any Module) -> [Parameter] {
    module.parameters.filter { !$0.name.contains(".") }.map(\.parameter)
  }
}

extension ModelSummary: CustomStringConvertible {
  /// A table for a terminal.
  public var description: String {
    let header = ["layer", "kind", "output", "parameters", "multiply-adds"]
    let cells =
      rows.map { row in
        [row.name, row.kind, "\(row.output)", grouped(row.parameters), scaled(row.multiplyAdds)]
      }
    let widths = header.indices.map { column in
      ([header] + cells).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      zip(cells, widths).enumerated().map { index, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return index < 3 ? cell.0 + space : space + cell.0
      }.joined(separator: "  ")
    }
    let rule = String(repeating: "─", count: line(header).count)
    let totals = [
      "parameters               \(grouped(parameterCount))",
      "multiply-adds            \(scaled(multiplyAdds)) (\(scaled(2 * multiplyAdds, unit: "FLOP")))",
      "memory of a forward pass \(megabytes(inferenceByteCount))",
      "memory of a training step \(megabytes(trainingByteCount))",
    ]
    return ([line(header), rule] + cells.map(line) + [rule] + totals).joined(separator: "\n")
  }

  private func grouped(_ number: Int) -> String {
    var digits = String(number)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
  }

  private func scaled(_ number: Int, unit: String = "") -> String {
    for (power, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] where Double(number) >= power {
      return "\((Double(number) / power * 100).rounded() / 100) \(prefix)\(unit)"
    }
    return "\(number) \(unit)"
  }

  private func megabytes(_ bytes: Int) -> String { "\(grouped((bytes + 500_000) / 1_000_000)) MB" }
}
