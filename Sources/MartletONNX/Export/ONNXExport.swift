import Foundation
import Martlet
import MartletFiles
import SwiftProtobuf

/// A model as an ONNX file: what its inference computes, in the operators of https://onnx.ai/onnx/operators.
///
/// The model is recorded, not run: once for each of several sizes of the dynamic axes, whose graphs are laid over each
/// other. What differs between them is read from shapes when the file runs. An axis on which the model depends in another
/// way stays as the input's type has it, and is listed in ``fixedAxes``.
///
/// Shapes are logical, [N, C, space…], whatever the layout in memory. Parameters keep their `state_dict` names, and nodes
/// carry the names of the modules that recorded them. What depends on parameters only is computed now.
///
/// ```swift
/// let image = ONNXInput(
///   "image", TensorType([1, 3, 64, 64]),
///   dynamicAxes: [0: .init("batch"), 2: .init("height", step: 32), 3: .init("width", step: 32)])
/// try ONNXExport(model, input: image, output: "logits").write(to: "model.onnx")
/// ```
public struct ONNXExport: Sendable {
  /// How a file is written.
  public struct Options: Sendable {
    /// The version of the operators, ``opsets``.
    public var opset = 17
    /// What the file says of the model besides, in its `metadata_props`.
    public var metadata: [String: String] = [:]
    /// The program that wrote the file, and its version.
    public var producer = (name: "martlet", version: "")

    /// Operators of the lowest version that can be written, no metadata, and Martlet as the producer.
    public init() {}
  }

  /// An axis that was to be dynamic and is not.
  public struct FixedAxis: Hashable, Sendable, CustomStringConvertible {
    /// The name of the ``ONNXInput/DynamicAxis``.
    public var name: String
    /// The size that the axis has in the file: that of the input's type.
    public var size: Int
    /// Why the axis cannot be dynamic, in words.
    public var reason: String

    public var description: String { "\(name) stays \(size): \(reason)" }
  }

  /// Operator sets that can be written: the first has layer normalisation.
  public static let opsets = 17...22

  /// Axes that were to be dynamic and are not.
  public let fixedAxes: [FixedAxis]
  let model: WireModel

  /// A layer with one input and one output.
  ///
  /// - Throws: ``MartletError`` as the other initializer.
  public init(
    _ layer: any Layer, input: ONNXInput, output: String = "output", options: Options = Options()
  ) throws {
    try self.init(layer, inputs: [input], outputs: [output], options: options) { [try layer($0[0])] }
  }

  /// A computation of several inputs and outputs.
  ///
  /// - Parameters:
  ///   - module: The module whose members' names parameters and nodes get.
  ///   - inputs: In the order of the tensors that `body` is called with.
  ///   - outputs: Names of the tensors that `body` returns.
  ///   - body: What is exported, in inference mode.
  /// - Throws: ``MartletError`` when the model does not take the inputs, when names are given twice, and for an operation
  ///   that has no counterpart in ONNX, naming it and its layer.
  public init(
    _ module: any Module, inputs: [ONNXInput], outputs: [String], options: Options = Options(),
    _ body: ([Tensor]) throws -> [Tensor]
  ) throws {
    try require(
      Self.opsets.contains(options.opset), "onnx",
      "expected an operator set from \(Self.opsets.lowerBound) to \(Self.opsets.upperBound), got \(options.opset)"
    )
    let plan = try SizePlan(inputs)
    let names = module.namesByIdentity
    var dynamic = plan.names
    var fixed: [FixedAxis] = []

    /// Goes on without an axis, or without all, when that is not to be had.
    func fix(_ axes: [String], _ reason: String) {
      dynamic.removeAll { axes.contains($0) }
      fixed += axes.map { FixedAxis(name: $0, size: plan.size(of: $0), reason: reason) }
    }

    _ = try Recording(plan.types([:]), body)
    var model: WireModel?
    while model == nil {
      do {
        let graph = try Self.record(plan, dynamic, names, body)
        model = try GraphTranslation(graph, inputs: inputs, outputs: outputs, dynamic: dynamic, names)
          .model(options)
      } catch let problem as AxisProblem {
        fix(problem.axes, problem.reason)
      } catch let problem as InexpressibleSize {
        // The recordings in which it differs say which axes it depends on.
        let steps = plan.recordings(dynamic)
        let involved = dynamic.filter { name in
          steps.indices.contains {
            $0 > 0 && steps[$0] == steps[0].merging([name: steps[$0][name] ?? 0]) { $1 }
              && problem.size.values[$0] != problem.size.values[0]
          }
        }
        try require(!dynamic.isEmpty, "onnx", "\(problem.what) cannot be said")
        fix(
          involved.isEmpty ? dynamic : involved,
          "\(problem.what) depends on it in a way that the graph cannot say")
      }
    }
    self.model = model ?? WireModel()
    fixedAxes = fixed
  }

  /// An axis with which the model is another one.
  private struct AxisProblem: Error {
    var axes: [String]
    var reason: String
  }

  private static func record(
    _ plan: SizePlan, _ dynamic: [String], _ names: [ObjectIdentifier: String],
    _ body: ([Tensor]) throws -> [Tensor]
  ) throws -> AlignedGraph {
    let steps = plan.recordings(dynamic)
    var recordings: [Recording] = []
    for (index, step) in steps.enumerated() {
      do {
        recordings.append(try Recording(plan.types(step), body))
        if index > 0 { _ = try AlignedGraph([recordings[0], recordings[index]], names: names) }
      } catch let error as MartletError where !dynamic.isEmpty {
        throw AxisProblem(axes: culprits(plan, dynamic, step, steps[0], body), reason: error.message)
      } catch let mismatch as AlignedGraph.Mismatch {
        throw AxisProblem(axes: culprits(plan, dynamic, step, steps[0], body), reason: mismatch.description)
      }
    }
    do {
      return try AlignedGraph(recordings, names: names)
    } catch let mismatch as AlignedGraph.Mismatch {
      throw MartletError("onnx", mismatch.description)
    }
  }

  /// The axes that are at fault for a recording: those in which it differs from the first, or, in the first, those that
  /// the model does not take by themselves either.
  private static func culprits(
    _ plan: SizePlan, _ dynamic: [String], _ step: [String: Int], _ first: [String: Int],
    _ body: ([Tensor]) throws -> [Tensor]
  ) -> [String] {
    let suspects =
      step == first
      ? dynamic.filter { name in (try? Recording(plan.types([name: 1]), body)) == nil }
      : dynamic.filter { step[$0] != first[$0] }
    return suspects.isEmpty ? dynamic : suspects
  }

  /// Writes the file, which is then complete, or, when something goes wrong, not there.
  ///
  /// - Throws: ``MartletError`` for a model of more than 2 GB, which the format cannot hold in one file, and when the file
  ///   cannot be written.
  public func write(to path: String) throws {
    let weights = model.graph.initializer.reduce(0) { $0 + $1.rawData.count }
    try require(
      weights < Self.largestFile, "onnx",
      "expected at most \(Self.largestFile) bytes of parameters, which is what an ONNX file can hold, got \(weights)"
    )
    do {
      let bytes: [UInt8] = try model.serializedBytes()
      try AtomicFile.write(bytes, to: path)
    } catch is BinaryEncodingError {
      throw MartletError("onnx", "\(path): the model is larger than the 2 GB that an ONNX file can hold")
    }
  }

  /// What protocol buffers can hold, less what the graph itself may take.
  private static let largestFile = Int(Int32.max) - (1 << 24)
}

extension SizePlan {
  /// The size of an axis that is not dynamic.
  func size(of name: String) -> Int {
    for input in inputs {
      for (axis, dynamic) in input.dynamicAxes where dynamic.name == name { return input.type.shape[axis] }
    }
    return 0
  }
}
