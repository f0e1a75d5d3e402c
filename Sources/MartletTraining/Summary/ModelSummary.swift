import Martlet
import MartletData

/// What a model is made of: each layer's output, parameters and multiply-adds, and what running and training it takes.
public struct ModelSummary: Sendable {
  /// One layer, in the order in which layers ran.
  public struct Row: Sendable {
    /// The module's name in the model, such as `encoder.conv1`.
    public var name: String
    /// The module's type, such as `Conv2d`.
    public var kind: String
    /// The shape of what it gave last, such as [N, C, H, W].
    public var output: [Int]
    /// Elements of its own parameters, without those of modules inside it.
    public var parameters: Int
    /// Of all its runs in a forward pass.
    public var multiplyAdds: Int
  }

  /// Modules that have parameters or multiply-adds of their own.
  public var rows: [Row]
  /// Elements of all parameters.
  public var parameterCount: Int
  /// Of a forward pass.
  public var multiplyAdds: Int
  /// Bytes of a forward pass: parameters, input, values and result.
  public var inferenceByteCount: Int
  /// What runs in a forward pass.
  public var forwardPlan: PlanListing
  /// A training step; why there is none where the batch cannot be trained on, as one of a single image can be for batch
  /// normalisation.
  public var training: Result<TrainingFigures, MartletError>

  /// What a training step takes.
  public struct TrainingFigures: Sendable {
    /// Bytes of parameters, optimizer state, batch, values and gradients.
    public var byteCount: Int
    /// What runs, the optimizer's update included.
    public var plan: PlanListing
  }

  /// - Parameters:
  ///   - inputs: What the forward pass reads.
  ///   - targets: What a training step's loss reads besides.
  ///   - passes: Rewritings of the recorded graphs that keep their results.
  ///   - forward: Records the forward pass.
  ///   - loss: Records a training step's loss from the inputs and the targets.
  /// - Throws: ``MartletError`` for inputs that the model does not take; whatever the closures throw.
  public init(
    of model: any Module, inputs: [TensorType], targets: [TensorType], optimizer: any Optimizer,
    passes: [any GraphPass] = defaultPasses, forward: ([Tensor]) throws -> Tensor,
    loss: ([Tensor]) throws -> Tensor
  ) throws {
    let recorded = try Function(inputs, passes: passes) { [try forward($0)] }
    let graph = recorded.recorded
    let names = model.namesByIdentity
    forwardPlan = recorded.listing(names: names)
    let own = Dictionary(
      model.modules.map { ($0.name, $0.module) }, uniquingKeysWith: { first, _ in first })
    var rows: [Row] = []
    var positions: [String: Int] = [:]
    for node in graph.nodes {
      let cost = node.operation.multiplyAdds(
        inputs: node.inputs.map(graph.type(of:)),
        outputs: node.outputs.map(graph.type(of:)))
      let output = node.outputs.first.map { graph.type(of: $0).shape } ?? []
      guard let name = recorded.scopeNames(of: node, names: names).last, let module = own[name] else {
        continue
      }
      if let position = positions[name] {
        rows[position].multiplyAdds = rows[position].multiplyAdds.saturatingSum(cost)
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
    multiplyAdds = rows.reduce(0) { $0.saturatingSum($1.multiplyAdds) }
    let modelBytes = model.variables.reduce(0) { $0 + $1.variable.type.byteCount }
    let resultBytes = graph.outputs.reduce(0) { $0 + graph.type(of: $1).byteCount }
    func byteCount(_ types: [TensorType]) -> Int { types.reduce(0) { $0 + $1.byteCount } }
    inferenceByteCount = modelBytes + byteCount(inputs) + recorded.plan.arenaByteCount + resultBytes
    let state = try OptimizerState(optimizer, for: model)
    do {
      let step = try TrainingStep(
        model: model, optimizer: optimizer, state: state, batch: inputs + targets, passes: passes, loss: loss)
      training = .success(
        TrainingFigures(
          byteCount: modelBytes + state.byteCount + step.arenaByteCount + byteCount(inputs + targets),
          plan: step.listing(names: names)))
    } catch let error as MartletError {
      training = .failure(error)
    }
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
      "multiply-adds            \(scaled(multiplyAdds)) (\(scaled(multiplyAdds.saturatingProduct(2), unit: "FLOP")))",
      "memory of a forward pass \(megabytes(inferenceByteCount))",
      "memory of a training step \(trainingMemory)",
    ]
    return ([line(header), rule] + cells.map(line) + [rule] + totals).joined(separator: "\n")
  }

  private var trainingMemory: String {
    switch training {
    case .success(let figures): megabytes(figures.byteCount)
    case .failure(let error): "none, since the batch cannot be trained on: \(error)"
    }
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
