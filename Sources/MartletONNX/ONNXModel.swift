import Foundation
import Martlet
import MartletInterchange

/// A network from an ONNX file, as a module: it runs at once or recorded, can be trained further, and its weights can be
/// loaded and saved.
///
/// Initializers of floating point are parameters under their own names. Two kinds of them are not learnt: the running
/// statistics of batch normalisation and single numbers are buffers, and what shapes or attributes are made of is a
/// constant of the network. In training, batch normalisation and dropout act as in training, whatever mode the file was
/// exported in.
///
/// ```swift
/// let model = try ONNXModel(contentsOf: URL(filePath: "resnet.onnx"))
/// let logits = try model(["input": images])["logits"]
/// ```
///
/// The definition is that of https://onnx.ai/onnx/repo-docs/IR.html, with the standard operators of ``operators``.
public final class ONNXModel: Module {
  /// What the model is given, in the file's order.
  public let inputs: [ONNXValue]
  /// What it gives.
  public let outputs: [ONNXValue]
  /// The version of the standard operators that the file was written for.
  public let opset: Int
  /// The program that wrote the file, with its version.
  public let producer: String
  /// What else the file says of itself.
  public let metadata: [String: String]
  /// How often each operator is used.
  public let operatorCounts: [String: Int]
  /// Whether the file keeps tensors in half precision, which are computed in single precision here: results are not
  /// rounded to half precision on the way, nor at the end.
  public let widensHalfPrecision: Bool
  /// Files beside the model in which it keeps tensors.
  public let externalFiles: [String]
  /// Inputs that shapes depend on, such as the sizes that an image is brought to. They must be known when a
  /// ``Function`` is recorded: give them as concrete tensors there.
  public let shapeInputs: Set<String>

  /// Named as in the file, and nodes beside them.
  @Key("") var weights: [String: Variable]
  @Key("") var nodes: [String: TranslatedNode]
  private let order: RunOrder
  private let constants: [String: Tensor]

  /// Reads a model and the files beside it that it keeps its tensors in.
  ///
  /// - Throws: ``MartletError`` when the file is damaged or is of a version that is not understood, or naming every node
  ///   with an operator, an attribute or a version of it that Martlet does not have.
  public convenience init(contentsOf url: URL) throws {
    let network = try Network(contentsOf: url)
    do {
      try self.init(network)
    } catch let error as MartletError {
      throw error.naming(url.relativePath)
    }
  }

  /// Reads a model from memory.
  ///
  /// - Parameter folder: Where tensors outside of the file may be; they are refused without it.
  /// - Throws: As ``init(contentsOf:)``.
  public convenience init(_ bytes: Data, folder: URL? = nil) throws {
    try self.init(Network(bytes, external: ExternalData(folder: folder)))
  }

  init(_ network: Network) throws {
    let translation = NetworkTranslation(network)
    try translation.check()
    inputs = network.inputs
    outputs = network.outputs
    opset = network.opset
    producer = network.producer
    metadata = network.metadata
    widensHalfPrecision = network.widensHalfPrecision
    externalFiles = network.external.paths
    operatorCounts = network.nodes.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
    let shapes = ShapeDependence(network.nodes)
    shapeInputs = shapes.values.intersection(network.inputs.map(\.name))
    order = RunOrder(nodes: translation.nodes)

    let roles = InitializerRoles(network, shapes)
    var variables: [String: Variable] = [:]
    var constants: [String: Tensor] = [:]
    for (name, tensor) in network.initializers {
      switch roles.role(of: name, tensor) {
      case .parameter: variables[name] = try Parameter(tensor)
      case .buffer: variables[name] = try Buffer(tensor)
      case .constant: constants[name] = tensor
      }
    }
    self.constants = constants
    weights = variables
    nodes = Dictionary(uniqueKeysWithValues: translation.nodes.map { ($0.definition.name, $0) })
  }

  /// What the network makes of its inputs.
  ///
  /// - Parameter inputs: A tensor for each of the ``inputs``, by name.
  /// - Returns: The ``outputs`` by name.
  /// - Throws: ``MartletError`` when an input is missing, not known, or of a type or shape that the file does not take;
  ///   or from a node, whose name it has.
  public func callAsFunction(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    try check(inputs)
    return try scoped {
      var values = constants.merging(inputs) { $1 }
      for (name, variable) in weights { values[name] = variable.value }
      for node in order.nodes { try node.run(&values) }
      return try Dictionary(
        uniqueKeysWithValues: outputs.map { output in
          guard let value = values[output.name] else {
            throw MartletError("onnx", "output \(printable(output.name)) was not made")
          }
          return (output.name, value)
        })
    }
  }

  private func check(_ given: [String: Tensor]) throws {
    let names = Set(inputs.map(\.name))
    let missing = names.subtracting(given.keys).sorted()
    let unknown = Set(given.keys).subtracting(names).sorted()
    try require(
      missing.isEmpty && unknown.isEmpty, "onnx",
      "expected the inputs \(inputs.map { printable($0.name) }.joined(separator: ", ")), got "
        + (given.isEmpty ? "none" : given.keys.sorted().map(printable).joined(separator: ", ")))
    var sizes: [String: Int] = [:]
    for input in inputs {
      if let tensor = given[input.name] { try input.check(tensor.type, sizes: &sizes) }
    }
  }
}

/// Nodes in the order in which they run. Not an array of the model's own, which would be members under other names.
private struct RunOrder {
  let nodes: [TranslatedNode]
}

/// What becomes of each initializer.
struct InitializerRoles {
  enum Role { case parameter, buffer, constant }

  private var statistics: Set<String> = []
  private var constants: Set<String>

  init(_ network: Network, _ shapes: ShapeDependence) {
    constants = shapes.values
    for node in network.nodes {
      if node.type == "BatchNormalization" {
        statistics.formUnion(node.inputs.dropFirst(3).compactMap { network.origins[$0] })
      }
      for index in OperatorTable.all[node.type]?.constant ?? [] where index < node.inputs.count {
        if let origin = network.origins[node.inputs[index]] { constants.insert(origin) }
      }
    }
  }

  func role(of name: String, _ tensor: Tensor) -> Role {
    if constants.contains(name) || !tensor.scalar.isFloatingPoint { return .constant }
    return statistics.contains(name) || tensor.rank == 0 ? .buffer : .parameter
  }
}
