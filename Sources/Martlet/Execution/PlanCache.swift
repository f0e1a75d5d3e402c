import Synchronization

/// Plans of graphs seen before, so that recording the same computation again costs the recording only.
final class PlanCache: Sendable {
  static let shared = PlanCache(capacity: 32)

  private struct Key: Hashable {
    var graph: Graph
    /// A plan's nodes carry scopes, which graphs that compute the same can have others of.
    var scopes: [Int]
    var passes: [String]
  }

  private struct State {
    var plans: [Key: (plan: Plan, lastUse: Int)] = [:]
    var clock = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  /// - Throws: ``MartletError`` from a pass that was made for another graph.
  func plan(for graph: Graph, passes: [any GraphPass]) throws -> Plan {
    let key = Key(graph: graph, scopes: graph.nodes.map(\.scope), passes: passes.map(\.key))
    let known: Plan? = state.withLock { state in
      state.clock += 1
      state.plans[key]?.lastUse = state.clock
      return state.plans[key]?.plan
    }
    if let known { return known }
    let plan = Plan(try graph.rewritten(by: passes))
    state.withLock { state in
      if state.plans.count >= capacity,
        let oldest = state.plans.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        state.plans[oldest.key] = nil
      }
      state.plans[key] = (plan, state.clock)
    }
    return plan
  }
}
