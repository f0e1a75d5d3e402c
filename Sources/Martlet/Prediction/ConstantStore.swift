/// The constants of a predictor's plans, each held once: as it was, or as it was made for the plans.
///
/// Not safe to share: a predictor guards it.
struct ConstantStore {
  /// Whether variables are emptied when what was made of them is held.
  let releasesVariables: Bool
  private var held: [ConstantKey: Storage] = [:]
  /// What cannot be made again, since a variable that it is made of was emptied.
  private var irreplaceable: Set<ConstantKey> = []
  /// For what can be made of a constant that is held, the operation that does so, and the constant.
  private var origins: [ConstantKey: (inverse: any Operation, from: ConstantKey, type: TensorType)] = [:]

  init(releasesVariables: Bool) { self.releasesVariables = releasesVariables }

  /// Bytes that are held.
  var byteCount: Int { held.values.reduce(0) { $0 + $1.byteCount } }

  /// Variables smaller than this are not worth emptying.
  private static let smallByteCount = 16 << 10

  /// The memory of a graph's constant leaves, and what they are; `nil` for arguments.
  ///
  /// - Parameter bindings: What the leaves are that were recorded.
  /// - Throws: ``MartletError`` from the operations that make constants, or when a variable was emptied and cannot be had
  ///   again.
  mutating func storages(
    for graph: Graph, _ bindings: [ValueID: GraphBuilder.Binding]
  ) throws -> [(key: ConstantKey, storage: Storage)?] {
    var sources = ConstantSources(graph, bindings)
    // Variables go as soon as nobody needs them, so that no more than one of the large ones is held twice.
    var readers: [ObjectIdentifier: Int] = [:]
    // What other sizes of arguments may need otherwise.
    var kept: Set<ObjectIdentifier> = []
    let reads = graph.leaves.map { sources.variables(of: $0) }
    for variable in reads.joined() { readers[ObjectIdentifier(variable), default: 0] += 1 }
    return try zip(graph.leaves, reads).map { leaf, variables in
      guard graph.constants.contains(leaf) else { return nil }
      let storage = try hold(leaf, &sources)
      if !sources.isPrepared(leaf) { kept.formUnion(variables.map { ObjectIdentifier($0) }) }
      for variable in variables {
        let identity = ObjectIdentifier(variable)
        readers[identity, default: 1] -= 1
        if releasesVariables, !variable.isReleased, readers[identity] == 0, !kept.contains(identity),
          variable.type.byteCount >= Self.smallByteCount
        {
          variable.release()
          // What the pool keeps would add to the most that is held: the next constants are mostly of other sizes.
          MemoryPool.shared.removeAll()
          irreplaceable.formUnion(held.keys.filter { $0.isMade(of: variable) })
        }
      }
      return (sources.key(leaf), storage)
    }
  }

  /// Lets go of constants that are not used, unless they cannot be made again.
  mutating func keep(only used: Set<ConstantKey>) {
    held = held.filter { used.contains($0.key) || irreplaceable.contains($0.key) }
    origins = origins.filter { held[$0.value.from] != nil }
  }

  /// The memory of a constant that plans read.
  private mutating func hold(_ value: ValueID, _ sources: inout ConstantSources) throws -> Storage {
    if let storage = held[sources.key(value)] { return storage }
    let storage = try made(value, &sources)
    hold(storage, as: value, &sources)
    return storage
  }

  /// Takes memory as that of a constant.
  mutating func hold(_ storage: Storage, as value: ValueID, _ sources: inout ConstantSources) {
    let key = sources.key(value)
    held[key] = storage
    if sources.variables(of: value).contains(where: \.isReleased) { irreplaceable.insert(key) }
    if let node = sources.node(making: value), let inverse = node.operation.inverse {
      origins[sources.key(node.inputs[0])] = (inverse, key, sources.type(value))
    }
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
