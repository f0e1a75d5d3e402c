/// Records a predictor's computation, and holds the constants of what was recorded.
struct Recorder {
  private let body: ([Tensor]) throws -> [Tensor]
  private let numerics: Numerics
  private let passes: [any GraphPass]
  var constants: ConstantStore
  /// What the plans that are kept read.
  private var used: [PlanCollection.Key: Set<ConstantKey>] = [:]

  init(
    _ body: @escaping ([Tensor]) throws -> [Tensor], _ numerics: Numerics, _ passes: [any GraphPass],
    releasesVariables: Bool
  ) {
    self.body = body
    self.numerics = numerics
    self.passes = passes
    constants = ConstantStore(releasesVariables: releasesVariables)
  }

  /// A computation as it is after some passes, and what its leaves are.
  struct Recording {
    var graph: Graph
    var bindings: [ValueID: GraphBuilder.Binding]
    var scopes: [[ObjectIdentifier]]

    mutating func apply(_ passes: ArraySlice<any GraphPass>) throws {
      graph = try graph.rewritten(by: passes)
    }
  }

  func record(_ argumentTypes: [TensorType]) throws -> Recording {
    var recording = try recordPlainly(argumentTypes)
    try recording.apply(passes[...])
    return recording
  }

  private func recordPlainly(_ argumentTypes: [TensorType]) throws -> Recording {
    try argumentTypes.requireRepresentable("predictor")
    let builder = GraphBuilder()
    let arguments = argumentTypes.enumerated().map { builder.argument($0, $1) }
    let results = try GraphBuilder.$current.withValue(builder) {
      try withMode(.inference) { try withNumerics(numerics) { try body(arguments) } }
    }
    let recorded = try builder.finish(results, isFrozen: true)
    try require(
      recorded.nodes.allSatisfy { $0.operation.mutatedInputs.isEmpty }, "predictor",
      "expected a computation that changes no state")
    return Recording(
      graph: recorded,
      bindings: Dictionary(uniqueKeysWithValues: zip(recorded.leaves, builder.bindings)),
      scopes: builder.scopes)
  }

  mutating func plan(for key: PlanCollection.Key) throws -> PreparedPlan {
    try plan(of: record(key.types), for: key)
  }

  /// - Parameter recording: Of the key's types.
  mutating func plan(of recording: Recording, for key: PlanCollection.Key) throws -> PreparedPlan {
    let (plan, constants) = try plan(of: recording)
    used[key] = constants
    return plan
  }

  /// Lets go of what only a plan read that is no more.
  mutating func forget(_ key: PlanCollection.Key) {
    used[key] = nil
    constants.keep(only: used.values.reduce(into: []) { $0.formUnion($1) })
  }

  /// A plan that gives more results at the end: of each convolution that is observed, the least and the largest element
  /// of its input.
  mutating func observingPlan(
    for argumentTypes: [TensorType]
  ) throws -> (plan: PreparedPlan, observed: [Bool]) {
    let position = passes.firstIndex { $0.name == PrepareConstants().name } ?? passes.count
    var recording = try recordPlainly(argumentTypes)
    try recording.apply(passes[..<position])
    let observed = recording.graph.roundableConvolutions.map(\.isObservable)
    try recording.apply([ObserveConvolutions()] + passes[position...])
    return (try plan(of: recording).plan, observed)
  }

  private mutating func plan(
    of recording: Recording
  ) throws -> (plan: PreparedPlan, constants: Set<ConstantKey>) {
    let constants = try self.constants.storages(for: recording.graph, recording.bindings)
    let leaves = zip(recording.graph.leaves, constants).map { leaf, constant -> PreparedPlan.Leaf in
      if let constant { return .constant(constant.storage) }
      guard case .argument(let index)? = recording.bindings[leaf] else {
        preconditionFailure("a leaf is an argument or a constant")
      }
      return .argument(index)
    }
    // What constants were made of is kept for nothing.
    if self.constants.releasesVariables { MemoryPool.shared.removeAll() }
    return (
      PreparedPlan(plan: Plan(recording.graph), leaves: leaves, scopes: recording.scopes),
      Set(constants.compactMap { $0?.key })
    )
  }
}
