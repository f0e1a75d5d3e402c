/// A computation that was recorded once and runs many times: the way of all training and inference.
///
/// The body is called once, with symbolic arguments, and may use modules, take ``gradients(of:withRespectTo:)`` and
/// apply optimizers. What it did is then planned and can be called with concrete tensors of the same types.
///
/// ```swift
/// let predict = try Function([TensorType([1, 3, 256, 256])]) { [try model($0[0])] }
/// let logits = try predict([image])[0]
/// ```
public final class Function: Sendable {
  /// What a call is given: types in their order, layouts included.
  public let argumentTypes: [TensorType]
  /// The plan that runs.
  public let plan: Plan
  /// The graph as it was recorded, before any pass.
  public let recorded: Graph
  private let bindings: [GraphBuilder.Binding]
  private let scopes: [[ObjectIdentifier]]
  /// Names of the passes that made the plan.
  let passNames: [String]

  /// Records `body`.
  ///
  /// - Parameters:
  ///   - argumentTypes: Types of the tensors that the function will be called with.
  ///   - mode: What dropout and batch normalisation do while recording.
  ///   - numerics: How much rounding error convolutions may trade for speed.
  ///   - passes: Rewritings of the graph that keep its results; the default is all of them.
  /// - Throws: Whatever `body` throws.
  public init(
    _ argumentTypes: [TensorType], mode: Mode = .inference, numerics: Numerics = .current,
    passes: [any GraphPass] = defaultPasses,
    _ body: ([Tensor]) throws -> [Tensor]
  ) throws {
    try argumentTypes.requireRepresentable("function")
    let builder = GraphBuilder()
    let arguments = argumentTypes.enumerated().map { builder.argument($0, $1) }
    let results = try GraphBuilder.$current.withValue(builder) {
      try withMode(mode) { try withNumerics(numerics) { try body(arguments) } }
    }
    recorded = try builder.finish(results)
    self.argumentTypes = argumentTypes
    bindings = builder.bindings
    scopes = builder.scopes
    passNames = passes.map(\.name)
    plan = try PlanCache.shared.plan(for: recorded, passes: passes)
  }

  /// Runs the function.
  ///
  /// - Parameters:
  ///   - arguments: Concrete tensors of the ``argumentTypes``.
  ///   - random: What dropout and other random operations draw from.
  /// - Throws: ``MartletError`` when an argument has another type, or from an operation.
  public func callAsFunction(_ arguments: [Tensor], random: RandomState = RandomState()) throws -> [Tensor] {
    try plan.run(leaves: storages(arguments, mutating: plan), random: random)
  }

  /// How long each node of the plan took in one run, in the order of the ``listing(names:)``.
  package func nodeTimes(_ arguments: [Tensor], random: RandomState = RandomState()) throws -> [Duration] {
    let clock = ContinuousClock()
    var times: [Duration] = []
    var last = clock.now
    _ = try plan.run(leaves: storages(arguments, mutating: plan), random: random) { _, _ in
      let now = clock.now
      times.append(now - last)
      last = now
    }
    return times
  }

  private func storages(_ arguments: [Tensor], mutating plan: Plan?) throws -> [Storage] {
    try require(
      arguments.map(\.type) == argumentTypes, "function",
      "expected arguments \(argumentTypes), got \(arguments.map(\.type))")
    return try bindings.enumerated().map { index, binding in
      switch binding {
      case .argument(let index): return try arguments[index].storage("function")
      case .constant(let tensor): return try tensor.storage("function")
      case .variable(let variable):
        if let plan, plan.mutatesLeaf(index) { return try variable.mutableStorage() }
        return try variable.concrete.storage("function")
      }
    }
  }

  /// The first value that is not finite when the recorded graph runs, and the module that made it.
  ///
  /// Leaves that the graph reads are looked at first; what it only updates, such as running statistics, is a consequence
  /// and not a cause. Nothing is changed: nodes that mutate state are left out.
  ///
  /// - Returns: Such as `the output of encoder.0.conv1 (convolution)` or `the parameter head.weight`; `nil` when all is
  ///   finite.
  public func firstNonFinite(
    _ arguments: [Tensor], random: RandomState, names: [ObjectIdentifier: String],
    argumentName: (Int) -> String = { "the argument \($0)" }
  ) throws -> String? {
    var read = Set(recorded.outputs)
    for node in recorded.nodes {
      let mutated = Set(node.operation.mutatedInputs)
      for (position, input) in node.inputs.enumerated() where !mutated.contains(position) {
        read.insert(input)
      }
    }
    for (leaf, binding) in zip(recorded.leaves, bindings) where read.contains(leaf) {
      guard case .variable(let variable) = binding, try !isFinite(variable.concrete) else { continue }
      return "the parameter \(names[ObjectIdentifier(variable)] ?? "of a module without a name")"
    }
    for (index, argument) in arguments.enumerated() where try !isFinite(argument) {
      return argumentName(index)
    }
    struct Found: Error { var description: String }
    var pure = recorded
    pure.nodes.removeAll { !$0.operation.mutatedInputs.isEmpty }
    let produced = Set(pure.leaves + pure.nodes.flatMap(\.outputs))
    pure.outputs.removeAll { !produced.contains($0) }
    do {
      _ = try Plan(pure).run(leaves: storages(arguments, mutating: nil), random: random) { node, outputs in
        for output in outputs where try !isFinite(output) {
          let module = self.scopes[node.scope].last.flatMap { names[$0] }
          let name = node.operation.name
          throw Found(description: "the output of " + (module.map { "\($0) (\(name))" } ?? name))
        }
      }
    } catch let found as Found {
      return found.description
    }
    return nil
  }

  /// For each node of a graph of this function, the names of the modules that recorded it, outermost first.
  public func scopeNames(of node: Graph.Node, names: [ObjectIdentifier: String]) -> [String] {
    scopes[node.scope].compactMap { names[$0] }
  }
}

private func isFinite(_ tensor: Tensor) throws -> Bool {
  try isFinite(Operand(type: tensor.type, address: tensor.storage("finite").address))
}

private func isFinite(_ operand: Operand) throws -> Bool {
  let count = operand.type.elementCount
  switch operand.type.scalar {
  case .float32:
    return UnsafeBufferPointer(start: operand.elements(Float.self), count: count).allSatisfy(\.isFinite)
  case .float64:
    return UnsafeBufferPointer(start: operand.elements(Double.self), count: count).allSatisfy(\.isFinite)
  default: return true
  }
}
