import Foundation
import Martlet
import MartletInterchange

/// What is in an ONNX file, and what keeps it from being run, if anything does.
public struct ONNXInspection: Sendable {
  public let inputs: [ONNXValue]
  public let outputs: [ONNXValue]
  public let opset: Int
  public let producer: String
  public let metadata: [String: String]
  /// How often each operator is used.
  public let operatorCounts: [String: Int]
  /// The number of elements in floating-point initializers.
  public let elementCount: Int
  public let widensHalfPrecision: Bool
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
    elementCount = network.initializers.values.reduce(0) {
      $0 + ($1.scalar.isFloatingPoint ? $1.elementCount : 0)
    }
    problems = NetworkTranslation(network).problems.map(\.description)
  }
}

/// An operator that Martlet runs.
public struct ONNXOperator: Sendable {
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
