import Foundation
import Martlet
import MartletFiles
import SwiftProtobuf

/// What a file says, checked as far as that can be done without knowing what its operators do: every value has one
/// origin, which comes before its uses, and every tensor has the elements that it should have.
struct Network {
  let inputs: [ONNXValue]
  let outputs: [ONNXValue]
  let initializers: [String: Tensor]
  let nodes: [NodeDefinition]
  let opset: Int
  let producer: String
  let metadata: [String: String]
  let external: ExternalData
  /// For each value that is an initializer, under whatever name, which one.
  let origins: [String: String]
  /// Whether any tensor is kept in half precision.
  let widensHalfPrecision: Bool

  /// Versions of the format that are understood.
  static let formats = 3...14

  init(contentsOf url: URL) throws {
    let file = try ReadableFile(url.path, operation: "onnx")
    do {
      self = try Network(
        Data(file.bytes(0..<file.byteCount)), external: ExternalData(folder: url.deletingLastPathComponent()))
    } catch let error as MartletError {
      throw error.naming(file.path)
    }
  }

  init(_ bytes: Data, external: ExternalData) throws {
    let model: WireModel
    do {
      model = try WireModel(serializedBytes: bytes)
    } catch {
      throw MartletError("onnx", "expected an ONNX model, got bytes that are none (\(error))")
    }
    try require(
      model.hasGraph, "onnx", "expected an ONNX model, got \(bytes.count) bytes without a graph")
    try require(
      Self.formats.contains(Int(model.irVersion)), "onnx",
      "expected version \(Self.formats.lowerBound) to \(Self.formats.upperBound) of the format, got \(model.irVersion)"
    )
    let sets = try OperatorSets(model.opsetImport, of: "the model")
    guard let opset = sets[""] else {
      throw MartletError("onnx", "expected a version of the standard operators, got none")
    }
    self.opset = opset
    self.external = external
    producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    metadata = Dictionary(model.metadataProps.map { ($0.key, $0.value) }) { first, _ in first }

    let graph = model.graph
    try require(
      graph.sparseInitializer.isEmpty, "onnx",
      "expected dense tensors, got \(graph.sparseInitializer.count) sparse initializers, the first named "
        + printable(graph.sparseInitializer.first?.values.name ?? ""))
    var tensors: [String: Tensor] = [:]
    for initializer in graph.initializer {
      let name = initializer.name
      try require(!name.isEmpty, "onnx", "expected a name for each initializer, got none")
      let tensor = try initializer.tensor(external, "initializer \(printable(name))")
      try require(
        tensors.updateValue(tensor, forKey: name) == nil, "onnx",
        "expected each initializer once, got \(printable(name)) twice")
    }
    // Before version 4 initializers are listed as inputs too, as defaults.
    inputs = try graph.input.filter { tensors[$0.name] == nil }.map { try ONNXValue($0, "input") }
    outputs = try graph.output.map { try ONNXValue($0, "output") }
    try require(!outputs.isEmpty, "onnx", "expected a graph with outputs, got none")

    var inlining = try FunctionInlining(model.functions)
    try inlining.add(graph.node, sets)
    var origins = Dictionary(uniqueKeysWithValues: tensors.keys.map { ($0, $0) })
    for node in inlining.nodes where node.type == "Identity" {
      if let input = node.inputs.first, let output = node.outputs.first { origins[output] = origins[input] }
    }
    var nodes = inlining.nodes
    Self.separateStatistics(&tensors, &nodes, &origins)
    initializers = tensors
    self.nodes = nodes
    self.origins = origins
    let halves: Set<Int32> = [ElementType.float16.rawValue, ElementType.bfloat16.rawValue]
    widensHalfPrecision =
      graph.initializer.contains { halves.contains($0.dataType) }
      || (graph.input + graph.output).contains { halves.contains($0.type.tensorType.elemType) }
    try checkValues()
  }

  /// Gives each batch normalisation statistics of its own. Files can keep equal tensors once, such as the ones that new
  /// weights and variances are; training would then write statistics into weights.
  private static func separateStatistics(
    _ tensors: inout [String: Tensor], _ nodes: inout [NodeDefinition], _ origins: inout [String: String]
  ) {
    var uses: [String: Int] = [:]
    for node in nodes where node.type != "Identity" {
      for input in node.inputs { if let origin = origins[input] { uses[origin, default: 0] += 1 } }
    }
    var names = UniqueNames()
    for name in tensors.keys.sorted() + nodes.flatMap(\.outputs) { _ = names.make(name) }
    for index in nodes.indices where nodes[index].type == "BatchNormalization" {
      for (input, statistic) in [(3, "running_mean"), (4, "running_var")]
      where input < nodes[index].inputs.count {
        guard let origin = origins[nodes[index].inputs[input]], let count = uses[origin], count > 1 else {
          continue
        }
        let name = names.make("\(nodes[index].name).\(statistic)")
        uses[origin] = count - 1
        tensors[name] = tensors[origin]
        origins[name] = name
        nodes[index].inputs[input] = name
      }
    }
  }

  /// Checks that every value is made once, and before it is used.
  private func checkValues() throws {
    var known = Set(initializers.keys)
    for input in inputs {
      try require(
        !input.name.isEmpty && known.insert(input.name).inserted, "onnx",
        "expected inputs of different names, got \(printable(input.name)) twice or no name")
    }
    let all = Set(nodes.lazy.flatMap(\.outputs))
    for node in nodes {
      for input in node.inputs where !input.isEmpty && !known.contains(input) {
        throw MartletError(
          "onnx",
          "node \(node.name) (\(printable(node.type))): expected a value that was made before, got \(printable(input)), "
            + (all.contains(input) ? "which is made later or from its own result" : "which nothing makes"))
      }
      for output in node.outputs where !output.isEmpty {
        try require(
          known.insert(output).inserted, "onnx",
          "node \(node.name) (\(printable(node.type))): expected a new name for its result, got \(printable(output)), "
            + "which is there already")
      }
    }
    var names: Set<String> = []
    for output in outputs {
      try require(
        known.contains(output.name), "onnx",
        "expected an output that something makes, got \(printable(output.name))")
      try require(
        names.insert(output.name).inserted, "onnx",
        "expected outputs of different names, got \(printable(output.name)) twice")
    }
  }
}
