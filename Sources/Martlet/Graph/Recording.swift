/// What a computation recorded, for those who translate graphs: the graph before any pass, and what its leaves are.
///
/// Nothing is planned or run, so sizes may be as large as they like.
package struct Recording: Sendable {
  /// What a leaf of the graph stands for.
  package enum Leaf: Sendable {
    case argument(Int)
    case variable(Variable)
    case constant(Tensor)
  }

  package let graph: Graph
  /// One a leaf, in the order of the graph's.
  package let leaves: [Leaf]
  private let scopes: [[ObjectIdentifier]]

  /// Calls `body` once with symbolic arguments of the given types.
  ///
  /// - Throws: Whatever `body` throws.
  package init(
    _ argumentTypes: [TensorType], mode: Mode = .inference, _ body: ([Tensor]) throws -> [Tensor]
  ) throws {
    try argumentTypes.requireRepresentable("function")
    let builder = GraphBuilder()
    let arguments = argumentTypes.enumerated().map { builder.argument($0, $1) }
    let results = try GraphBuilder.$current.withValue(builder) {
      try withMode(mode) { try withNumerics(.direct) { try body(arguments) } }
    }
    graph = try builder.finish(results)
    leaves = builder.bindings.map {
      switch $0 {
      case .argument(let index): .argument(index)
      case .variable(let variable): .variable(variable)
      case .constant(let tensor): .constant(tensor)
      }
    }
    scopes = builder.scopes
  }

  /// The names of the modules that recorded a node, outermost first.
  package func scopeNames(of node: Graph.Node, names: [ObjectIdentifier: String]) -> [String] {
    scopes[node.scope].compactMap { names[$0] }
  }
}
