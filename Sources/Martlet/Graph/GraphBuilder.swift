/// Records a computation on symbolic tensors as a graph.
///
/// A builder lives for the length of one recording and is used by the one task that records.
final class GraphBuilder: @unchecked Sendable {
  /// What a leaf of the graph is when the recorded function runs.
  enum Binding: Sendable {
    case argument(Int)
    case variable(Variable)
    case constant(Tensor)
  }

  private(set) var graph = Graph()
  /// One a leaf, in the order of `graph.leaves`.
  private(set) var bindings: [Binding] = []
  /// Which modules were running when a node was recorded, outermost first; nodes refer to them by index.
  private(set) var scopes: [[ObjectIdentifier]] = [[]]

  private var variableValues: [ObjectIdentifier: ValueID] = [:]
  private var constantValues: [ObjectIdentifier: [TensorType: ValueID]] = [:]
  private var scopeIndices: [[ObjectIdentifier]: Int] = [[]: 0]
  private var scope: [ObjectIdentifier] = []
  private var streamCount: UInt64 = 0

  /// The builder of the recording that this task is in, if any.
  @TaskLocal static var current: GraphBuilder?

  func tensor(_ value: ValueID) -> Tensor {
    Tensor(type: graph.type(of: value), content: .symbolic(self, value))
  }

  // MARK: Leaves

  private func addLeaf(_ type: TensorType, _ binding: Binding) -> ValueID {
    let value = graph.addValue(type)
    graph.leaves.append(value)
    bindings.append(binding)
    return value
  }

  func argument(_ index: Int, _ type: TensorType) -> Tensor { tensor(addLeaf(type, .argument(index))) }

  func leaf(for variable: Variable) -> Tensor {
    let key = ObjectIdentifier(variable)
    if let known = variableValues[key] { return tensor(known) }
    let value = addLeaf(variable.type, .variable(variable))
    variableValues[key] = value
    return tensor(value)
  }

  private func leaf(forConstant constant: Tensor, _ storage: Storage) -> ValueID {
    let key = ObjectIdentifier(storage)
    if let known = constantValues[key]?[constant.type] { return known }
    let value = addLeaf(constant.type, .constant(constant))
    constantValues[key, default: [:]][constant.type] = value
    return value
  }

  // MARK: Nodes

  /// The builder that the symbolic tensors among `inputs` belong to; `nil` when all are concrete.
  static func common(of inputs: [Tensor], for operation: some Operation) throws -> GraphBuilder? {
    var found: GraphBuilder?
    for input in inputs {
      guard case .symbolic(let builder, _) = input.content else { continue }
      try require(
        found == nil || found === builder, operation.name, "got symbolic tensors of two different recordings")
      found = builder
    }
    return found
  }

  func record(_ operation: some Operation, _ inputs: [Tensor]) throws -> [Tensor] {
    let values = try inputs.map { try value(of: $0) }
    let outputTypes = try operation.inferOutputs(inputs.map(\.type))
    try outputTypes.requireRepresentable(operation.name)
    for input in operation.mutatedInputs {
      try require(
        isVariable(values[input]), operation.name,
        "expected a parameter or buffer to change, got a value that is computed or given, \(inputs[input].type)"
      )
    }
    let outputs = outputTypes.map { graph.addValue($0) }
    let key =
      scopeIndices[scope]
      ?? {
        scopes.append(scope)
        scopeIndices[scope] = scopes.count - 1
        return scopes.count - 1
      }()
    graph.nodes.append(Graph.Node(operation: operation, inputs: values, outputs: outputs, scope: key))
    return outputs.map { tensor($0) }
  }

  /// Whether a value is a variable, or a view of one.
  private func isVariable(_ value: ValueID) -> Bool {
    if let leaf = graph.leaves.firstIndex(of: value) {
      if case .variable = bindings[leaf] { return true }
      return false
    }
    guard let node = graph.nodes.last(where: { $0.outputs.contains(value) }),
      let viewed = node.operation.viewedInput
    else { return false }
    return isVariable(node.inputs[viewed])
  }

  /// The value that a tensor is in this graph; a concrete tensor becomes a constant leaf.
  ///
  /// - Throws: ``MartletError`` for a symbolic tensor of another recording.
  func value(of tensor: Tensor) throws -> ValueID {
    switch tensor.content {
    case .symbolic(let builder, let value):
      try require(builder === self, "function", "got a symbolic tensor of another recording, \(tensor.type)")
      return value
    case .concrete(let storage):
      return leaf(forConstant: tensor, storage)
    }
  }

  /// Marks what `body` records as done by `module`.
  func inScope<Result>(of module: AnyObject, _ body: () throws -> Result) rethrows -> Result {
    scope.append(ObjectIdentifier(module))
    defer { scope.removeLast() }
    return try body()
  }

  /// Marks what `body` records with the scope of another node: gradients belong to the layer they are of.
  func inScope<Result>(ofNode node: Graph.Node, _ body: () throws -> Result) rethrows -> Result {
    let outer = scope
    scope = scopes[node.scope]
    defer { scope = outer }
    return try body()
  }

  /// A number that no other random operation of this recording has.
  func makeRandomStream() -> UInt64 {
    defer { streamCount += 1 }
    return streamCount
  }

  /// The recorded graph with the given results.
  ///
  /// - Parameter isFrozen: Whether variables and constants stay what they are from now on.
  /// - Throws: ``MartletError`` for a result of another recording.
  func finish(_ results: [Tensor], isFrozen: Bool = false) throws -> Graph {
    let values = try results.map { try value(of: $0) }
    var finished = graph
    finished.outputs = values
    guard isFrozen else { return finished }
    for (leaf, binding) in zip(finished.leaves, bindings) {
      if case .argument = binding { continue }
      finished.constants.insert(leaf)
    }
    return finished
  }
}
