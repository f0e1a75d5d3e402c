import Martlet

/// A node whose operator was found and whose attributes were read.
///
/// It is a module so that what it records carries its name.
final class TranslatedNode: Module {
  let definition: NodeDefinition
  private let translation: Translation
  /// Values that nobody reads after this node.
  let finished: [String]

  init(_ definition: NodeDefinition, _ translation: @escaping Translation, finished: [String]) {
    self.definition = definition
    self.translation = translation
    self.finished = finished
  }

  /// Replaces what the node reads last by what it makes.
  func run(_ values: inout [String: Tensor]) throws {
    let inputs = NodeInputs(tensors: definition.inputs.map { $0.isEmpty ? nil : values[$0] })
    let results: [Tensor]
    do {
      results = try scoped { try translation(inputs) }
    } catch let error as MartletError {
      throw MartletError(
        error.operation, "node \(definition.name) (\(definition.type)): \(error.message)")
    }
    for name in finished { values[name] = nil }
    for (output, result) in zip(definition.outputs, results) where !output.isEmpty { values[output] = result }
  }
}

/// What keeps a node from being translated.
struct NodeProblem: CustomStringConvertible {
  var node: String
  var type: String
  var reason: String

  var description: String { "\(printable(type)) (node \(node)): \(reason)" }
}

/// A network's nodes with the table's translations, or what is wrong with them: all of it at once.
struct NetworkTranslation {
  private(set) var nodes: [TranslatedNode] = []
  private(set) var problems: [NodeProblem] = []

  init(_ network: Network) {
    var last: [String: Int] = [:]
    for (index, node) in network.nodes.enumerated() { for input in node.inputs { last[input] = index } }
    let kept = Set(network.outputs.map(\.name))
    for (index, node) in network.nodes.enumerated() {
      do {
        let translation = try Self.translate(node, network)
        let finished = Set(node.inputs).filter { !$0.isEmpty && last[$0] == index && !kept.contains($0) }
        nodes.append(TranslatedNode(node, translation, finished: finished.sorted()))
      } catch {
        let reason = (error as? MartletError)?.message ?? "\(error)"
        problems.append(NodeProblem(node: node.name, type: node.type, reason: reason))
      }
    }
  }

  private static func translate(_ node: NodeDefinition, _ network: Network) throws -> Translation {
    guard node.domain.isEmpty, let definition = OperatorTable.all[node.type] else {
      let near = node.domain.isEmpty ? nearestName(to: node.type, in: OperatorTable.all.keys) : nil
      throw MartletError(
        "onnx",
        "no such operator" + (node.domain.isEmpty ? "" : " of \(OperatorSets.shown(node.domain))")
          + (near.map { "; there is \($0)" } ?? ""))
    }
    let versions = definition.versions
    try require(
      versions.contains(node.version), "onnx",
      "expected version \(versions.lowerBound) to \(versions.upperBound) of the operators, got \(node.version)"
    )
    let inputCount = (node.inputs.lastIndex { !$0.isEmpty } ?? -1) + 1
    try require(
      definition.inputs.contains(inputCount), "onnx",
      "expected \(shown(definition.inputs)) inputs, got \(inputCount)")
    try require(
      definition.outputs.contains(node.outputs.count), "onnx",
      "expected \(shown(definition.outputs)) outputs, got \(node.outputs.count)")
    var reader = try NodeReader(node, network)
    let translation = try definition.translate(&reader)
    try reader.finish()
    return translation
  }

  private static func shown(_ range: ClosedRange<Int>) -> String {
    if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
    return range.upperBound == .max
      ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
  }

  /// Throws what is wrong, if anything is.
  func check() throws {
    guard !problems.isEmpty else { return }
    let shown = 10
    throw MartletError(
      "onnx",
      "\(problems.count) node\(problems.count == 1 ? "" : "s") cannot be run: "
        + problems.prefix(shown).map(\.description).joined(separator: "; ")
        + (problems.count > shown ? "; … and \(problems.count - shown) more" : ""))
  }
}
