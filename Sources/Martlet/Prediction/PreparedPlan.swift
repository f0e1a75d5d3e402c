import MartletKernels

/// A plan with the memory of its constants.
struct PreparedPlan: Sendable {
  let plan: Plan
  /// For each leaf of the graph, a constant or an argument.
  let leaves: [Leaf]
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

  /// - Returns: The key of the plan that gave way, if one did.
  mutating func add(_ plan: PreparedPlan, for key: Key) -> Key? {
    let isFull = plans.count >= Self.capacity
    let oldest = isFull ? plans.min { $0.value.lastUse < $1.value.lastUse }?.key : nil
    if let oldest { plans[oldest] = nil }
    plans[key] = (plan, clock)
    return oldest
  }
}
