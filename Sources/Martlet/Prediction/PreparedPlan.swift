import MartletKernels

/// A plan with the memory of its constants.
struct PreparedPlan: Sendable {
  let plan: Plan
  /// For each leaf of the graph, a constant or an argument.
  let leaves: [Leaf]
  let argumentTypes: [TensorType]
  /// The recording's modules: see ``GraphBuilder/scopes``.
  let scopes: [[ObjectIdentifier]]

  enum Leaf: Sendable {
    case argument(Int)
    case constant(Storage)
  }

  func run(_ arguments: [Tensor], observer: Plan.Observer? = nil) throws -> [Tensor] {
    let storages = try leaves.map { leaf in
      switch leaf {
      case .argument(let index): try arguments[index].storage("predictor")
      case .constant(let storage): storage
      }
    }
    return try plan.run(leaves: storages, random: RandomState(), observer: observer)
  }
}

/// The plans of a predictor: those that were used last, by argument types and instruction set.
struct PlanCollection: Sendable {
  struct Key: Hashable, Sendable {
    var types: [TensorType]
    var instructionSet: InstructionSet
  }

  private static let capacity = 16
  private var plans: [Key: (plan: PreparedPlan, lastUse: Int)] = [:]
  private var clock = 0

  mutating func plan(for key: Key) -> PreparedPlan? {
    clock += 1
    plans[key]?.lastUse = clock
    return plans[key]?.plan
  }

  mutating func add(_ plan: PreparedPlan, for key: Key) {
    if plans.count >= Self.capacity, let oldest = plans.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      plans[oldest.key] = nil
    }
    plans[key] = (plan, clock)
  }
}

/// Records a predictor's computation, and holds the constants of what was recorded.
struct Recorder {
  private let body: ([Tensor]) throws -> [Tensor]
  private let numerics: Numerics
  private let passes: [any GraphPass]
  private(set) var constants: ConstantStore

  init(
    _ body: @escaping ([Tensor]) throws -> [Tensor], _ numerics: Numerics, _ passes: [any GraphPass],
    releasesVariables: Bool
  ) {
    self.body = body
    self.numerics = numerics
    self.passes = passes
    constants = ConstantStore(releasesVariables: releasesVariables)
  }

  mutating func plan(for argumentTypes: [TensorType]) throws -> PreparedPlan {
    let builder = GraphBuilder()
    let arguments = argumentTypes.enumerated().map { builder.argument($0, $1) }
    let results = try GraphBuilder.$current.withValue(builder) {
      try withMode(.inference) { try withNumerics(numerics) { try body(arguments) } }
    }
    let recorded = builder.finish(results, isFrozen: true)
    try require(
      recorded.nodes.allSatisfy { $0.operation.mutatedInputs.isEmpty }, "predictor",
      "expected a computation that changes no state")
    let graph = passes.reduce(recorded) { $1.rewrite($0) }
    var bindings: [ValueID: GraphBuilder.Binding] = [:]
    for (leaf, binding) in zip(recorded.leaves, builder.bindings) { bindings[leaf] = binding }
    let storages = try constants.storages(for: graph, bindings)
    let leaves = zip(graph.leaves, storages).map { leaf, storage -> PreparedPlan.Leaf in
      if let storage { return .constant(storage) }
      guard case .argument(let index) = bindings[leaf] else {
        preconditionFailure("a leaf is an argument or a constant")
      }
      return .argument(index)
    }
    // What constants were made of is kept for nothing.
    if constants.releasesVariables { MemoryPool.shared.removeAll() }
    return PreparedPlan(
      plan: Plan(graph), leaves: leaves, argumentTypes: argumentTypes, scopes: builder.scopes)
  }
}
