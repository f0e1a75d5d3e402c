import Foundation
import Martlet

/// A model's recordings on their way to an ONNX graph.
struct GraphTranslation {
  private let graph: AlignedGraph
  private let inputs: [ONNXInput]
  private let outputs: [String]
  private let dynamic: Set<String>
  private let names: [ObjectIdentifier: String]

  init(
    _ graph: AlignedGraph, inputs: [ONNXInput], outputs: [String], dynamic: [String],
    _ names: [ObjectIdentifier: String]
  ) {
    self.graph = graph
    self.inputs = inputs
    self.outputs = outputs
    self.dynamic = Set(dynamic)
    self.names = names
  }

  /// - Throws: ``MartletError``, or ``InexpressibleSize`` for a number that depends on a dynamic axis otherwise than a
  ///   graph can say.
  func model(_ options: ONNXExport.Options) throws -> WireModel {
    let writer = GraphWriter(opset: options.opset)
    for name in inputs.map(\.name) + outputs { try writer.reserve(name) }
    try require(
      outputs.count == graph.outputs.count, "onnx",
      "expected a name for each of \(graph.outputs.count) outputs, got \(outputs)")
    var values = try defineInputs(writer)
    var known = try Constants(graph, names)

    /// The name of a value that a node reads; a constant is written when it is first asked for.
    func name(_ value: ValueID) throws -> String {
      if let name = values[value] { return name }
      let (tensor, constantName) = try known.tensor(value)
      let name = try constantName.map { try writer.initializer($0, tensor) } ?? writer.constant(tensor)
      values[value] = name
      return name
    }

    let reads = readValues()
    for node in graph.nodes where node.outputs.contains(where: reads.contains) {
      if try known.fold(node) { continue }
      let context = NodeContext(
        writer: writer, operations: node.operations, inputs: try node.inputs.map(name),
        inputTypes: node.inputs.map(graph.types), outputTypes: node.outputs.map(graph.types),
        isRead: node.outputs.map(reads.contains), module: node.module)
      for (value, name) in zip(node.outputs, try convert(context)) {
        values[value] = name
        writer.defineSizes(of: name, graph.shape(of: value))
      }
    }
    for (value, output) in zip(graph.outputs, outputs) {
      let type = graph.types(of: value)[0]
      try writer.addOutput(try name(value), as: output, type.scalar, graph.shape(of: value))
      values[value] = output
    }
    return wireModel(writer, options)
  }

  private func convert(_ context: NodeContext) throws -> [String] {
    for converter in OperationConverter.all {
      if let names = try converter.convert(context) { return names }
    }
    throw context.unsupported()
  }

  private func defineInputs(_ writer: GraphWriter) throws -> [ValueID: String] {
    var values: [ValueID: String] = [:]
    for (value, leaf) in graph.leaves {
      guard case .argument(let index) = leaf else { continue }
      let input = inputs[index]
      values[value] = input.name
      try writer.addInput(
        input.name, input.type.scalar, graph.shape(of: value),
        axes: input.dynamicAxes.mapValues(\.name).filter { dynamic.contains($0.value) })
    }
    return values
  }

  /// The values that lead to an output.
  private func readValues() -> Set<ValueID> {
    var reads = Set(graph.outputs)
    for node in graph.nodes.reversed() where node.outputs.contains(where: reads.contains) {
      reads.formUnion(node.inputs)
    }
    return reads
  }

  private func wireModel(_ writer: GraphWriter, _ options: ONNXExport.Options) -> WireModel {
    var model = WireModel()
    // The format's version that came with the operators.
    model.irVersion = options.opset >= 21 ? 10 : options.opset >= 19 ? 9 : 8
    model.producerName = options.producer.name
    model.producerVersion = options.producer.version
    model.opsetImport = [WireOperatorSet(options.opset)]
    model.metadataProps = options.metadata.sorted { $0.key < $1.key }.map {
      WireStringEntry($0.key, $0.value)
    }
    model.graph.name = "main"
    model.graph.node = writer.nodes
    model.graph.initializer = writer.initializers
    model.graph.input = writer.inputs
    model.graph.output = writer.outputs
    return model
  }
}

/// The values of a graph that do not depend on its inputs.
private struct Constants {
  /// Tensors, and the names that they have or are made from; `nil` for numbers in the model's code.
  private var tensors: [ValueID: (tensor: Tensor, name: String?)] = [:]

  init(_ graph: AlignedGraph, _ names: [ObjectIdentifier: String]) throws {
    for (value, leaf) in graph.leaves {
      switch leaf {
      case .argument: continue
      case .variable(let variable):
        tensors[value] = (variable.concrete, names[ObjectIdentifier(variable)] ?? "parameter")
      case .constant(let tensor): tensors[value] = (tensor, nil)
      }
    }
  }

  func tensor(_ value: ValueID) throws -> (Tensor, String?) {
    guard let known = tensors[value] else { preconditionFailure("a value is read before it is made") }
    return known
  }

  /// Computes a node that depends on no input; `false` for others.
  mutating func fold(_ node: AlignedGraph.Node) throws -> Bool {
    let inputs = node.inputs.compactMap { tensors[$0]?.tensor }
    let operation = node.operations[0]
    guard inputs.count == node.inputs.count, operation.mutatedInputs.isEmpty,
      node.operations.allSatisfy({ AnyHashable($0) == AnyHashable(operation) })
    else { return false }
    let name = node.module.isEmpty ? operation.name : "\(node.module).\(operation.name)"
    for (value, tensor) in zip(node.outputs, try Tensor.apply(operation, inputs)) {
      tensors[value] = (tensor, name)
    }
    return true
  }
}
