/// The constants of a predictor as one of its plans reads them: what a file holds to start from without the weights.
///
/// A constant has no name of its own: it is what certain operations make of certain variables. That is said in words, so
/// that the program that reads them knows whether it would have made the same; the order is that of the recording.
public struct PackedConstants: Sendable {
  /// One constant, with its memory.
  public struct Entry: Sendable {
    /// Such as `prepare_weight winograd(fold_batch_norm(variable 0, …))`.
    public var meaning: String
    /// As it was made for kernels: prepared weights are a row of elements, whatever shape they had.
    public var type: TensorType
    let storage: Storage

    package init(meaning: String, type: TensorType, storage: Storage) {
      self.meaning = meaning
      self.type = type
      self.storage = storage
    }

    /// The bytes, as kernels read them.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
      defer { withExtendedLifetime(storage) {} }
      return try body(UnsafeRawBufferPointer(start: storage.address, count: type.byteCount))
    }
  }

  /// Of the plan.
  public var argumentTypes: [TensorType]
  /// Those constants that variables are part of; others come with the computation.
  public var entries: [Entry]
  /// Bytes of the memory that the plan runs in, for a head start at making it. Nothing depends on them.
  public var arenaByteCount: Int

  package init(argumentTypes: [TensorType], entries: [Entry], arenaByteCount: Int) {
    self.argumentTypes = argumentTypes
    self.entries = entries
    self.arenaByteCount = arenaByteCount
  }
}

extension Predictor {
  /// The constants of the plan for arguments of some types, to start another predictor of the same computation from.
  public func packedConstants(for argumentTypes: [TensorType]) throws -> PackedConstants {
    try check(argumentTypes)
    return try withRecorder { try $0.packedConstants(for: argumentTypes) }
  }
}

extension Recorder {
  mutating func packedConstants(for argumentTypes: [TensorType]) throws -> PackedConstants {
    let recording = try record(argumentTypes)
    let storages = try constants.storages(for: recording.graph, recording.bindings)
    let sources = ConstantSources(recording.graph, recording.bindings)
    let meanings = ConstantMeanings(sources)
    let entries = zip(recording.graph.leaves, storages).compactMap {
      leaf, constant -> PackedConstants.Entry? in
      guard let storage = constant?.storage, sources.dependsOnVariables(leaf) else { return nil }
      return PackedConstants.Entry(
        meaning: meanings.meaning(of: leaf), type: recording.graph.type(of: leaf), storage: storage)
    }
    return PackedConstants(
      argumentTypes: argumentTypes, entries: entries, arenaByteCount: Plan(recording.graph).arenaByteCount)
  }

  /// Takes constants that were packed before in place of what would be made of the variables, which are emptied.
  ///
  /// - Parameter key: Of the plan that they were packed for.
  /// - Returns: That plan.
  /// - Throws: ``MartletError`` when they are not those that this program would make.
  mutating func adopt(
    _ packed: PackedConstants, for key: PlanCollection.Key
  ) throws -> PreparedPlan {
    let recording = try record(key.types)
    var sources = ConstantSources(recording.graph, recording.bindings)
    let leaves = recording.graph.leaves.filter {
      recording.graph.constants.contains($0) && sources.dependsOnVariables($0)
    }
    let meanings = ConstantMeanings(sources)
    try require(
      leaves.count == packed.entries.count, "packed",
      "expected \(leaves.count) constants, got \(packed.entries.count)")
    for (leaf, entry) in zip(leaves, packed.entries) {
      let (meaning, type) = (meanings.meaning(of: leaf), recording.graph.type(of: leaf))
      try require(
        entry.meaning == meaning && entry.type == type, "packed",
        "expected the constants of this network for the algorithms that were chosen, got others")
      constants.hold(entry.storage, as: leaf, &sources)
    }
    for case .variable(let variable) in recording.bindings.values { variable.release() }
    return try plan(of: recording, for: key)
  }
}

/// What a recording's constants are, in words. A variable is told by its place among those that are read: to look for the
/// names of all would take a good part of a short start. A change of that order is told by the file that holds them.
private struct ConstantMeanings {
  private let sources: ConstantSources
  private let numbers: [ObjectIdentifier: Int]

  init(_ sources: ConstantSources) {
    self.sources = sources
    var numbers: [ObjectIdentifier: Int] = [:]
    for case (_, .variable(let variable)) in sources.bindings.sorted(by: { $0.key < $1.key }) {
      let identity = ObjectIdentifier(variable)
      if numbers[identity] == nil { numbers[identity] = numbers.count }
    }
    self.numbers = numbers
  }

  func meaning(of value: ValueID) -> String {
    guard let node = sources.node(making: value) else {
      guard case .variable(let variable)? = sources.bindings[value],
        let number = numbers[ObjectIdentifier(variable)]
      else { return "tensor" }
      return "variable \(number)"
    }
    let what = [node.operation.name, node.operation.detail].filter { !$0.isEmpty }.joined(separator: " ")
    let inputs = node.inputs.map(meaning(of:)).joined(separator: ", ")
    let output = node.outputs.count > 1 ? "#\(node.outputs.firstIndex(of: value) ?? 0)" : ""
    return "\(what)(\(inputs))\(output)"
  }
}

extension ConstantSources {
  func dependsOnVariables(_ value: ValueID) -> Bool { !variables(of: value).isEmpty }
}
