/// Where a graph's constants come from.
struct ConstantSources {
  private let graph: Graph
  let bindings: [ValueID: GraphBuilder.Binding]
  private var makers: [ValueID: Int] = [:]
  private var keys: [ValueID: ConstantKey] = [:]
  /// What the node gave that ran last, for those that read another of its outputs.
  var recent: [ValueID: Storage] = [:]

  init(_ graph: Graph, _ bindings: [ValueID: GraphBuilder.Binding]) {
    self.graph = graph
    self.bindings = bindings
    for (index, node) in graph.prelude.enumerated() { for output in node.outputs { makers[output] = index } }
  }

  func type(_ value: ValueID) -> TensorType { graph.type(of: value) }
  func node(making value: ValueID) -> Graph.Node? { makers[value].map { graph.prelude[$0] } }

  /// The memory of a constant that was recorded.
  func storage(_ value: ValueID) throws -> Storage {
    switch bindings[value] {
    case .variable(let variable): return try variable.concrete.storage("predictor")
    case .constant(let tensor): return try tensor.storage("predictor")
    case .argument, nil: preconditionFailure("an argument is no constant")
    }
  }

  mutating func key(_ value: ValueID) -> ConstantKey {
    if let known = keys[value] { return known }
    let key: ConstantKey
    if let node = node(making: value) {
      key = .made(
        operation: AnyHashable(node.operation), inputs: node.inputs.map { self.key($0) },
        output: node.outputs.firstIndex(of: value) ?? 0)
    } else {
      switch bindings[value] {
      case .variable(let variable): key = .variable(.init(variable: variable))
      case .constant(let tensor):
        guard case .concrete(let storage) = tensor.content else {
          preconditionFailure("a recording's constants are concrete")
        }
        key = .tensor(.init(type: tensor.type, storage: storage))
      case .argument, nil: preconditionFailure("an argument is no constant")
      }
    }
    keys[value] = key
    return key
  }

  /// The variables that a value is or is made of, each once for each time it is read.
  func variables(of value: ValueID) -> [Variable] {
    if let node = node(making: value) { return node.inputs.flatMap(variables(of:)) }
    if case .variable(let variable) = bindings[value] { return [variable] }
    return []
  }

  /// Whether a value is a variable, or made of variables by what passes make of weights: then it is the same in every
  /// recording, and the variables are not wanted again.
  func isPrepared(_ value: ValueID) -> Bool {
    if let node = node(making: value) {
      return node.operation is any WeightPreparation && node.inputs.allSatisfy(isPrepared)
    }
    if case .variable = bindings[value] { return true }
    return false
  }
}
