import Martlet

/// What a node computes, from tensors to tensors: at once when all of them are known, recorded otherwise.
typealias Translation = (NodeInputs) throws -> [Tensor]

/// A standard operator that Martlet has: one row of ``OperatorTable``.
struct OperatorDefinition: Sendable {
  let name: String
  /// Versions of the set of operators in which it is understood.
  let versions: ClosedRange<Int>
  let inputs: ClosedRange<Int>
  let outputs: ClosedRange<Int>
  /// Inputs that shapes depend on: they must be known when a model is recorded.
  let known: Set<Int>
  /// Inputs that are constants where the file has them as such, and not parameters to be learnt.
  let constant: Set<Int>
  /// Inputs of which only the shape is looked at.
  let shapeOnly: Set<Int>
  /// What of it is not understood, for the list of operators.
  let limits: String
  /// Reads a node's attributes and gives what the node does.
  let translate: @Sendable (inout NodeReader) throws -> Translation

  init(
    _ name: String, from first: Int = OperatorSets.understood.lowerBound,
    to last: Int = OperatorSets.understood.upperBound, inputs: ClosedRange<Int> = 1...1,
    outputs: ClosedRange<Int> = 1...1, known: Set<Int> = [], constant: Set<Int> = [],
    shapeOnly: Set<Int> = [], limits: String = "",
    translate: @escaping @Sendable (inout NodeReader) throws -> Translation
  ) {
    self.name = name
    versions = first...last
    self.inputs = inputs
    self.outputs = outputs
    self.known = known
    self.constant = constant
    self.shapeOnly = shapeOnly
    self.limits = limits
    self.translate = translate
  }

  /// Any number of inputs, of which there is at least one.
  static let many = 1...Int.max

  /// A function of one tensor without attributes.
  static func unary(
    _ name: String, from first: Int = OperatorSets.understood.lowerBound,
    _ function: @escaping @Sendable (Tensor) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name, from: first) { _ in { [try function($0[0])] } }
  }

  /// A function of two tensors without attributes.
  static func binary(
    _ name: String, from first: Int = OperatorSets.understood.lowerBound,
    _ function: @escaping @Sendable (Tensor, Tensor) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name, from: first, inputs: 2...2) { _ in { [try function($0[0], $0[1])] } }
  }
}

/// All operators that Martlet has, by name. Each family of them is a file.
enum OperatorTable {
  static let all: [String: OperatorDefinition] = Dictionary(
    uniqueKeysWithValues: (activations + arithmetic + logic + convolutions + pooling + normalizations
      + resampling + products + reductions + orderings + shapes + selections + paddings + constants)
      .map { ($0.name, $0) })
}
