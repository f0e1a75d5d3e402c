/// Names one value of a graph: a leaf or an output of a node.
public struct ValueID: Hashable, Sendable, Comparable {
  /// The value's place in ``Graph/types``.
  public let index: Int
  public static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// What was recorded of a computation: its leaves, its operations in an order in which they can run, its results.
///
/// A graph says nothing of which tensors its leaves are; those are bound when it runs. Two graphs of equal structure,
/// attributes and shapes are equal, which is what plans are cached by.
public struct Graph: Hashable, Sendable {
  /// One operation with the values it reads and makes.
  public struct Node: Sendable {
    /// What makes the outputs of the inputs.
    public var operation: any Operation
    /// In the operation's order; a value may be there more than once.
    public var inputs: [ValueID]
    /// In the operation's order. No other node makes them.
    public var outputs: [ValueID]
    /// Which module recorded it, as an index into the recording's scopes; not part of what the graph computes.
    public var scope: Int
  }

  /// The type of every value, by its ID's index.
  public var types: [TensorType] = []
  /// Values that are given when the graph runs.
  public var leaves: [ValueID] = []
  /// In an order in which they can run.
  public var nodes: [Node] = []
  /// The values that running the graph returns.
  public var outputs: [ValueID] = []
  /// Those of the leaves that are the same in every run, such as weights that are no longer trained.
  public var constants: Set<ValueID> = []
  /// What is made of constants alone, once and for all: nodes in an order in which they can run, whose inputs need not be
  /// leaves any more, and whose outputs are leaves where the other nodes read them.
  public var prelude: [Node] = []

  /// The type of a value, which must be one of this graph.
  public func type(of value: ValueID) -> TensorType { types[value.index] }

  mutating func addValue(_ type: TensorType) -> ValueID {
    types.append(type)
    return ValueID(index: types.count - 1)
  }

  /// The constants and what nodes make of them alone.
  func constantValues() -> Set<ValueID> {
    var found = constants
    for node in nodes where node.isConstant(given: found) { found.formUnion(node.outputs) }
    return found
  }

  /// For each value, how often it is read, results included.
  func useCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: types.count)
    for node in nodes { for input in node.inputs { counts[input.index] += 1 } }
    for output in outputs { counts[output.index] += 1 }
    return counts
  }
}

extension Graph.Node {
  /// Whether its outputs are the same in every run, given which values are.
  func isConstant(given constants: Set<ValueID>) -> Bool {
    !inputs.isEmpty && inputs.allSatisfy(constants.contains) && operation.mutatedInputs.isEmpty
      && !operation.isRandom
  }
}

extension Graph.Node: Hashable {
  public static func == (a: Self, b: Self) -> Bool {
    a.inputs == b.inputs && a.outputs == b.outputs && AnyHashable(a.operation) == AnyHashable(b.operation)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(inputs)
    hasher.combine(outputs)
    hasher.combine(AnyHashable(operation))
  }
}
