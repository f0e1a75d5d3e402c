/// Lets an optimizer's step read the gradient of a table that was looked up as rows, where fewer rows are looked up than
/// there are: no tensor of the table's size is made.
public struct CoalesceRowGradients: GraphPass {
  public var name: String { "coalesce-rows" }
  public init() {}

  public func rewrite(_ graph: Graph) -> Graph {
    let producers = graph.producers()
    let readers = graph.readers()
    let results = Set(graph.outputs)
    var result = graph
    var removed: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() {
      guard let step = node.operation as? any OptimizerStep, case let gradient = node.inputs[1],
        !results.contains(gradient),
        readers[gradient.index].allSatisfy({ $0 == index || graph.nodes[$0].operation.sumsSquares }),
        let sum = sum(gradient, graph, producers, readers, results), let last = producers[gradient]
      else { continue }
      let table = graph.type(of: gradient)
      let lookups = sum.additions.map { graph.nodes[$0] }
      let count = lookups.reduce(0) { $0 + graph.type(of: $1.inputs[1]).elementCount }
      guard count < table.shape[0], table.shape[0] <= Int(Int32.max) else { continue }
      let rows = result.addValue(table.with(shape: [count] + table.shape.dropFirst()))
      let ids = result.addValue(TensorType([count], .int32))
      result.nodes[last].operation = CoalesceRows(
        rowCount: table.shape[0],
        paddingIndices: lookups.map { ($0.operation as? IndexAdd)?.paddingIndex })
      result.nodes[last].inputs = lookups.flatMap(\.inputs)
      result.nodes[last].outputs = [rows, ids]
      removed.formUnion((sum.additions + sum.sums).filter { $0 != last })
      for reader in readers[gradient.index] where reader != index { result.nodes[reader].inputs = [rows] }
      result.nodes[index].operation = onRows(step)
      result.nodes[index].inputs.replaceSubrange(1...1, with: [rows, ids])
    }
    return result.removing(removed)
  }

  private func onRows(_ step: some OptimizerStep) -> any Operation { StepOnRows(step: step) }

  /// Nodes that together make a gradient out of looked-up rows alone.
  private struct Sum {
    /// Those that add rows into a table, in the order in which their tables are added up.
    var additions: [Int]
    /// Those that add up tables.
    var sums: [Int] = []
  }

  /// How a value is made, if nobody but its sum reads what it is made of.
  private func sum(
    _ value: ValueID, _ graph: Graph, _ producers: [ValueID: Int], _ readers: [[Int]], _ results: Set<ValueID>
  ) -> Sum? {
    guard let index = producers[value] else { return nil }
    let node = graph.nodes[index]
    if let addition = node.operation as? IndexAdd {
      return addition.axis == 0 ? Sum(additions: [index]) : nil
    }
    guard node.operation as? BinaryOperation == BinaryOperation(function: .add) else { return nil }
    let parts = node.inputs.compactMap { input -> Sum? in
      guard readers[input.index] == [index], !results.contains(input) else { return nil }
      return sum(input, graph, producers, readers, results)
    }
    // Longer sums first: rows are added from one table to the next, in either order of two.
    let ordered = parts.sorted { $0.additions.count > $1.additions.count }
    guard parts.count == 2, ordered[1].additions.count == 1 else { return nil }
    return Sum(additions: ordered.flatMap(\.additions), sums: ordered.flatMap(\.sums) + [index])
  }
}

extension Operation {
  fileprivate var sumsSquares: Bool {
    guard let reduction = self as? ReductionOperation else { return false }
    return reduction.function == .sumOfSquares && reduction.target.rank == 0
  }
}
