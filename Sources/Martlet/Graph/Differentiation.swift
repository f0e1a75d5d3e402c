/// The gradients of a scalar with respect to other values of the graph that is being recorded.
///
/// Reverse-mode differentiation on the graph: the nodes that lead from `targets` to `scalar` are visited from the
/// last to the first, and each emits its gradient as further operations of the same graph. There is no other
/// differentiation mechanism in Martlet.
///
/// - Parameters:
///   - scalar: A symbolic tensor with one element.
///   - targets: Symbolic tensors of the same recording.
/// - Returns: A gradient for each target, of the target's type; zeros where the scalar does not depend on it.
/// - Throws: ``MartletError`` outside of a recording, when `scalar` has more than one element, or when an operation
///   on the way is not differentiable.
public func gradients(of scalar: Tensor, withRespectTo targets: [Tensor]) throws -> [Tensor] {
  return try filled(definedGradients(of: scalar, withRespectTo: targets), targets)
}

/// As ``gradients(of:withRespectTo:)``, with nothing where the scalar does not depend on a target.
public func definedGradients(of scalar: Tensor, withRespectTo targets: [Tensor]) throws -> [Tensor?] {
  guard case .symbolic(let builder, _) = scalar.content else {
    throw MartletError("gradients", "needs a symbolic scalar: call it inside a Function's body")
  }
  try require(
    scalar.elementCount == 1, "gradients", "expected a scalar to differentiate, got shape \(scalar.shape)")
  let seed = try Tensor.full(1, scalar.type)
  return try gradients(of: [scalar], seeds: [seed], withRespectTo: targets, builder)
}

private func filled(_ gradients: [Tensor?], _ targets: [Tensor]) throws -> [Tensor] {
  try zip(gradients, targets).map { try $0 ?? Tensor.full(0, $1.type) }
}

/// The vector-Jacobian product: gradients of `sum(output · seed)` over all outputs with respect to `targets`.
public func gradients(
  of outputs: [Tensor], seeds: [Tensor], withRespectTo targets: [Tensor]
) throws -> [Tensor] {
  guard let builder = GraphBuilder.current else {
    throw MartletError("gradients", "is only available inside a Function's body")
  }
  try require(
    outputs.count == seeds.count, "gradients", "expected \(outputs.count) seeds, got \(seeds.count)")
  return try filled(gradients(of: outputs, seeds: seeds, withRespectTo: targets, builder), targets)
}

private func gradients(
  of outputs: [Tensor], seeds: [Tensor], withRespectTo targets: [Tensor], _ builder: GraphBuilder
) throws -> [Tensor?] {
  let targetValues = try targets.map { try builder.value(of: $0) }
  // Outputs that are no values of the recording yet become leaves of it.
  let outputValues = try outputs.map { try builder.value(of: $0) }
  let nodes = builder.graph.nodes
  // Forward: which values depend on a target, so that no gradient is made that nobody asked for.
  var depends = [Bool](repeating: false, count: builder.graph.types.count)
  for target in targetValues { depends[target.index] = builder.graph.type(of: target).scalar.isFloatingPoint }
  for node in nodes where node.inputs.contains(where: { depends[$0.index] }) {
    for output in node.outputs where builder.graph.type(of: output).scalar.isFloatingPoint {
      depends[output.index] = true
    }
  }

  var gradients: [ValueID: Tensor] = [:]
  func accumulate(_ gradient: Tensor, into value: ValueID) throws {
    let type = builder.graph.type(of: value)
    let matching = try gradient.converted(to: type.layout)
    precondition(matching.type == type, "a gradient of \(gradient.type) for a value of \(type)")
    gradients[value] = try gradients[value].map { try $0 + matching } ?? matching
  }

  for ((output, value), seed) in zip(zip(outputs, outputValues), seeds) {
    try require(
      seed.type.shape == output.shape && seed.scalar == output.scalar, "gradients",
      "expected a seed of \(output.type), got \(seed.type)")
    if depends[value.index] { try accumulate(seed, into: value) }
  }

  for node in nodes.reversed() {
    let incoming = node.outputs.map { gradients[$0] }
    guard incoming.contains(where: { $0 != nil }) else { continue }
    let wanted = node.inputs.map { depends[$0.index] }
    guard wanted.contains(true) else { continue }
    let context = GradientContext(
      inputs: node.inputs.map { builder.tensor($0) }, outputs: node.outputs.map { builder.tensor($0) },
      outputGradients: incoming, wanted: wanted)
    try builder.inScope(ofNode: node) {
      let outgoing = try node.operation.gradient(context)
      precondition(
        outgoing.count == node.inputs.count, "\(node.operation.name) gave a wrong number of gradients")
      for (index, gradient) in outgoing.enumerated() where wanted[index] {
        if let gradient { try accumulate(gradient, into: node.inputs[index]) }
      }
    }
    // What flows further up has been read; targets keep theirs.
    for output in node.outputs where !targetValues.contains(output) { gradients[output] = nil }
  }
  return targetValues.map { gradients[$0] }
}
