import Martlet

/// Replaces calls of functions that a file defines by the functions' nodes.
///
/// Values within a call get new names, so that a function can be called more than once. What comes out is bounded: a
/// function that calls others which call others can stand for more nodes than memory holds.
struct FunctionInlining {
  private struct Key: Hashable {
    var domain: String
    var name: String
  }

  fileprivate struct Scope {
    var sets: OperatorSets
    /// What values of the body are called outside; `nil` for the graph itself, whose values keep their names.
    var names: [String: String]?
    /// Attributes of the call, by name.
    var attributes: [String: WireAttribute]
    /// What stands before the names of nodes.
    var prefix: String
    var depth: Int
  }

  private let functions: [Key: WireFunctionBody]
  private var nodeNames = UniqueNames()
  private var valueCount = 0
  private(set) var nodes: [NodeDefinition] = []

  /// Calls within calls, which recursion would make endless.
  private static let deepest = 32
  /// Nodes that may come from functions.
  private static let largest = 1 << 17
  private var inlined = 0

  init(_ functions: [WireFunctionBody]) throws {
    var table: [Key: WireFunctionBody] = [:]
    for function in functions {
      let key = Key(domain: OperatorSets.normalized(function.domain), name: function.name)
      try require(
        table.updateValue(function, forKey: key) == nil, "onnx",
        "expected each function once, got \(printable(function.name)) twice")
    }
    self.functions = table
  }

  /// Adds the nodes of a graph.
  mutating func add(_ wireNodes: [WireNode], _ sets: OperatorSets) throws {
    try add(wireNodes, Scope(sets: sets, names: nil, attributes: [:], prefix: "", depth: 0))
  }

  private mutating func add(_ wireNodes: [WireNode], _ outer: Scope) throws {
    var scope = outer
    for (index, node) in wireNodes.enumerated() {
      let own = node.name.isEmpty ? "\(node.opType)_\(index)" : node.name
      let name = nodeNames.make(printable(scope.prefix + own))
      let domain = OperatorSets.normalized(node.domain)
      let inputs = try node.input.map { try scope.value($0, name) }
      let outputs = node.output.map { output in
        guard scope.names != nil, !output.isEmpty else { return output }
        if let known = scope.names?[output] { return known }
        valueCount += 1
        scope.names?[output] = "%\(valueCount)"
        return "%\(valueCount)"
      }
      let attributes = try node.attribute.compactMap { try scope.attribute($0, name) }
      if let function = functions[Key(domain: domain, name: node.opType)] {
        try call(function, name, inputs, outputs, attributes, scope)
        continue
      }
      guard let version = scope.sets[domain] else {
        throw MartletError(
          "onnx",
          "node \(name): expected the operators of \(OperatorSets.shown(domain)) to be imported, got no version of them"
        )
      }
      if scope.depth > 0 {
        inlined += 1
        try require(
          inlined <= Self.largest, "onnx", "expected functions of at most \(Self.largest) nodes, got more")
      }
      nodes.append(
        NodeDefinition(
          name: name, type: node.opType, domain: domain, version: version, inputs: inputs, outputs: outputs,
          attributes: attributes))
    }
  }

  private mutating func call(
    _ function: WireFunctionBody, _ name: String, _ inputs: [String], _ outputs: [String],
    _ attributes: [WireAttribute], _ scope: Scope
  ) throws {
    let shown = printable(function.name)
    try require(
      scope.depth < Self.deepest, "onnx",
      "node \(name): expected at most \(Self.deepest) functions within each other, got more: \(shown) may call itself"
    )
    try require(
      inputs.count <= function.input.count && outputs.count <= function.output.count, "onnx",
      "node \(name): expected at most \(function.input.count) inputs and \(function.output.count) outputs for function "
        + "\(shown), got \(inputs.count) and \(outputs.count)")
    // A call of an empty function costs as much as a node.
    inlined += 1
    try require(
      inlined <= Self.largest, "onnx", "expected functions of at most \(Self.largest) nodes, got more")
    var names: [String: String] = [:]
    for (index, input) in function.input.enumerated() {
      names[input] = index < inputs.count ? inputs[index] : ""
    }
    let passed = Set(function.input)
    for (index, output) in function.output.enumerated()
    where index < outputs.count && !outputs[index].isEmpty {
      // An input that is an output too would be two names for one value.
      try require(
        !passed.contains(output) && !output.isEmpty && names[output] == nil, "onnx",
        "node \(name): expected outputs of function \(shown) that its nodes make, got \(printable(output))")
      names[output] = outputs[index]
    }
    var values: [String: WireAttribute] = [:]
    for attribute in function.attributeProto { values[attribute.name] = attribute }
    for attribute in attributes { values[attribute.name] = attribute }
    try add(
      function.node,
      Scope(
        sets: OperatorSets(function.opsetImport, of: "function \(shown)"), names: names, attributes: values,
        prefix: name + "/", depth: scope.depth + 1))
  }
}

extension FunctionInlining.Scope {
  /// What an input is called outside of the function.
  fileprivate func value(_ name: String, _ node: String) throws -> String {
    guard let names, !name.isEmpty else { return name }
    guard let outer = names[name] else {
      throw MartletError(
        "onnx", "node \(node): expected a value that was made before, got \(printable(name))")
    }
    return outer
  }

  /// The attribute itself, or what the call has in its place; `nil` where the call leaves it out.
  fileprivate func attribute(_ attribute: WireAttribute, _ node: String) throws -> WireAttribute? {
    guard attribute.hasRefAttrName, !attribute.refAttrName.isEmpty else { return attribute }
    try require(
      names != nil, "onnx",
      "node \(node): expected a value for \(printable(attribute.name)), got a reference outside of a function"
    )
    guard var value = attributes[attribute.refAttrName] else { return nil }
    value.name = attribute.name
    return value
  }
}
