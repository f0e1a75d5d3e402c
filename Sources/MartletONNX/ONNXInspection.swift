import Foundation
import Martlet
import MartletInterchange

/// What is in an ONNX file, and what keeps it from being run, if anything does.
public struct ONNXInspection: Sendable {
  /// What the model is given, in the file's order, initializers left out.
  public let inputs: [ONNXValue]
  /// What the model gives, in the file's order.
  public let outputs: [ONNXValue]
  /// The version of the standard operators that the file was written for.
  public let opset: Int
  /// The program that wrote the file, with its version; empty where the file does not say.
  public let producer: String
  /// What else the file says of itself, from its `metadata_props`.
  public let metadata: [String: String]
  /// How often each operator is used.
  public let operatorCounts: [String: Int]
  /// The number of elements in parameters, as ``ONNXModel`` has them: running statistics are none.
  public let parameterCount: Int
  /// Whether the file keeps tensors in half precision; see ``ONNXModel/widensHalfPrecision``.
  public let widensHalfPrecision: Bool
  /// Files beside the model in which it keeps tensors.
  public let externalFiles: [String]
  /// Nodes that cannot be run, each with its operator and the reason.
  public let problems: [String]

  /// - Throws: ``MartletError`` when the file is damaged or of a version that is not understood.
  public init(contentsOf url: URL) throws {
    let network = try Network(contentsOf: url)
    inputs = network.inputs
    outputs = network.outputs
    opset = network.opset
    producer = network.producer
    metadata = network.metadata
    widensHalfPrecision = network.widensHalfPrecision
    operatorCounts = network.nodes.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
    let roles = InitializerRoles(network, ShapeDependence(network.nodes))
    parameterCount = network.initializers.reduce(0) { count, initializer in
      let (name, tensor) = initializer
      return count + (roles.role(of: name, tensor) == .parameter ? tensor.elementCount : 0)
    }
    externalFiles = network.external.paths
    problems = NetworkTranslation(network).problems.map(\.description)
  }
}

/// An operator that Martlet runs.
public struct ONNXOperator: Sendable {
  /// As in the standard, such as `Conv`.
  public let name: String
  /// Versions of the standard operators in which it is understood.
  public let versions: ClosedRange<Int>
  /// What of it is not understood; empty where all is.
  public let limits: String
}

extension ONNXModel {
  /// The standard operators that can be run, by name.
  public static var operators: [ONNXOperator] {
    OperatorTable.all.values.sorted { $0.name < $1.name }.map {
      ONNXOperator(name: $0.name, versions: $0.versions, limits: $0.limits)
    }
  }
}
