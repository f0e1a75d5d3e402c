/// The constants of a predictor's plans, each held once: as it was, or as it was made for the plans.
///
/// Not safe to share: a predictor guards it.
struct ConstantStore {
  /// Whether variables are emptied when what was made of them is held.
  let releasesVariables: Bool
  private var held: [ConstantKey: Storage] = [:]
  /// For what can be made of a constant that is held, the operation that does so, and the constant.
  private var origins: [ConstantKey: (inverse: any Operation, from: ConstantKey, type: TensorType)] = [:]

  init(releasesVariables: Bool) { self.releasesVariables = releasesVariables }

  /// Bytes that are held.
  var byteCount: Int { held.values.reduce(0) { $0 + $1.byteCount } }

  /// Variables smaller than this are held too: they may be read as they are by the next plan.
  private static let smallByteCount = 16 << 10

  /// The memory of a graph's constant leaves; `nil` for arguments.
  ///
  /// - Parameter bindings: What the leaves are that were recorded.
  /// - Throws: ``MartletError`` from the operations that make constants, or when a variable was emptied and cannot be had
  ///   again.
  mutating func storages(
    for graph: Graph, _ bindings: [ValueID: GraphBuilder.Binding]
  ) throws -> [Storage?] {
    var sources = ConstantSources(graph, bindings)
    // Variables go as soon as nobody needs them, so that no more than one of the large ones is held twice.
    var readers: [ObjectIdentifier: Int] = [:]
    let reads = graph.leaves.map { sources.variables(of: $0) }
    for variable in reads.joined() { readers[ObjectIdentifier(variable), default: 0] += 1 }
    return try zip(graph.leaves, reads).map { leaf, variables in
      guard graph.constants.contains(leaf) else { return nil }
      let storage = try hold(leaf, &sources)
      for variable in variables {
        let identity = ObjectIdentifier(variable)
        readers[identity, default: 1] -= 1
        if releasesVariables, readers[identity] == 0 { try release(variable) }
      }
      return storage
    }
  }

  private mutating func release(_ variable: Variable) throws {
    let key = ConstantKey.variable(ObjectIdentifier(variable))
    if !variable.isReleased, held[key] == nil, variable.type.byteCount < Self.smallByteCount {
      held[key] = try variable.concrete.storage("predictor")
    }
    variable.release()
  }

  /// The memory of a constant that plans read.
  private mutating func hold(_ value: ValueID, _ sources: inout ConstantSources) throws -> Storage {
    let key = sources.key(value)
    if let storage = held[key] { return storage }
    let storage = try made(value, &sources)
    held[key] = storage
    if let node = sources.node(making: value), let inverse = node.operation.inverse {
      origins[sources.key(node.inputs[0])] = (inverse, key, sources.type(value))
    }
    return storage
  }

  private func made(_ value: ValueID, _ sources: inout ConstantSources) throws -> Storage {
    let key = sources.key(value)
    if let storage = held[key] { return storage }
    if let origin = origins[key], let storage = held[origin.from] {
      return try Self.run(origin.inverse, [(origin.type, storage)])[0]
    }
    guard let node = sources.node(making: value) else { return try sources.storage(value) }
    if let again = sources.recent[value] { return again }
    let inputs = try node.inputs.map { (sources.type($0), try made($0, &sources)) }
    let outputs = try Self.run(node.operation, inputs)
    sources.recent = Dictionary(uniqueKeysWithValues: zip(node.outputs, outputs))
    return outputs[node.outputs.firstIndex(of: value) ?? 0]
  }

  /// Runs an operation once.
  private static func run(
    _ operation: any Operation, _ inputs: [(type: TensorType, storage: Storage)]
  ) throws -> [Storage] {
    let types = try operation.inferOutputs(inputs.map(\.type))
    if operation.viewedInput != nil { return [inputs[operation.viewedInput ?? 0].storage] }
    let outputs = try types.map { try Storage(byteCount: $0.byteCount) }
    let workspace = try Storage(
      byteCount: operation.workspaceByteCount(inputs: inputs.map(\.type), outputs: types))
    try operation.run(
      OperationCall(
        inputs: inputs.map { Operand(type: $0.type, address: $0.storage.address) },
        outputs: zip(types, outputs).map { Operand(type: $0, address: $1.address) },
        workspace: workspace.address, random: RandomState()))
    withExtendedLifetime(inputs) {}
    return outputs
  }
}

/// Where a graph's constants come from.
private struct ConstantSources {
  private let graph: Graph
  private let bindings: [ValueID: GraphBuilder.Binding]
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
      case .variable(let variable): key = .variable(ObjectIdentifier(variable))
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
}
