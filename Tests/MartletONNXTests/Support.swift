import Foundation
import Martlet
import MartletInterchange
import SwiftProtobuf
import Testing

@testable import MartletONNX

/// Where the fixtures lie.
let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Fixtures")

/// A folder of its own for one test, removed with the value.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-onnx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

func node(
  _ type: String, _ inputs: [String], _ outputs: [String], name: String = "", domain: String = "",
  _ attributes: [WireAttribute] = []
) -> WireNode {
  var node = WireNode()
  node.opType = type
  node.input = inputs
  node.output = outputs
  if !name.isEmpty { node.name = name }
  if !domain.isEmpty { node.domain = domain }
  node.attribute = attributes
  return node
}

func attribute(_ name: String, _ value: Int) -> WireAttribute {
  var attribute = WireAttribute()
  attribute.name = name
  attribute.type = .int
  attribute.i = Int64(value)
  return attribute
}

func attribute(_ name: String, _ values: [Int]) -> WireAttribute {
  var attribute = WireAttribute()
  attribute.name = name
  attribute.type = .ints
  attribute.ints = values.map(Int64.init)
  return attribute
}

func attribute(_ name: String, _ value: String) -> WireAttribute {
  var attribute = WireAttribute()
  attribute.name = name
  attribute.type = .string
  attribute.s = Data(value.utf8)
  return attribute
}

func attribute(_ name: String, _ value: Float) -> WireAttribute {
  var attribute = WireAttribute()
  attribute.name = name
  attribute.type = .float
  attribute.f = value
  return attribute
}

/// An attribute that stands for one of the function that it is in.
func reference(_ name: String, to other: String, _ kind: WireAttribute.Kind) -> WireAttribute {
  var attribute = WireAttribute()
  attribute.name = name
  attribute.type = kind
  attribute.refAttrName = other
  return attribute
}

/// An input or output; sizes are numbers or names.
func value(_ name: String, _ sizes: [Any], _ type: ElementType = .float) -> WireValueInfo {
  var value = WireValueInfo()
  value.name = name
  value.type.tensorType.elemType = type.rawValue
  value.type.tensorType.shape = WireShape()
  value.type.tensorType.shape.dim = sizes.map { size in
    var dimension = WireShape.Dimension()
    if let number = size as? Int { dimension.dimValue = Int64(number) }
    if let name = size as? String { dimension.dimParam = name }
    return dimension
  }
  return value
}

func initializer(_ name: String, _ shape: [Int], _ elements: [Float]) -> WireTensor {
  var tensor = WireTensor()
  tensor.name = name
  tensor.dims = shape.map(Int64.init)
  tensor.dataType = ElementType.float.rawValue
  tensor.floatData = elements
  return tensor
}

func initializer(_ name: String, _ elements: [Int]) -> WireTensor {
  var tensor = WireTensor()
  tensor.name = name
  tensor.dims = [Int64(elements.count)]
  tensor.dataType = ElementType.int64.rawValue
  tensor.rawData = elements.map(Int64.init).withUnsafeBytes { Data($0) }
  return tensor
}

func operatorSet(_ version: Int, _ domain: String = "") -> WireOperatorSet {
  var set = WireOperatorSet()
  set.version = Int64(version)
  if !domain.isEmpty { set.domain = domain }
  return set
}

func model(
  _ nodes: [WireNode], inputs: [WireValueInfo], outputs: [WireValueInfo], initializers: [WireTensor] = [],
  version: Int = 17, functions: [WireFunctionBody] = [], domains: [String] = []
) -> WireModel {
  var model = WireModel()
  model.irVersion = 8
  model.opsetImport = [operatorSet(version)] + domains.map { operatorSet(1, $0) }
  model.graph.name = "graph"
  model.graph.node = nodes
  model.graph.input = inputs
  model.graph.output = outputs
  model.graph.initializer = initializers
  model.functions = functions
  return model
}

/// y = x · weight + bias behind a ReLU, of 2 to 3 numbers.
func smallModel() -> WireModel {
  model(
    [node("Gemm", ["x", "weight", "bias"], ["h"], name: "dense"), node("Relu", ["h"], ["y"])],
    inputs: [value("x", ["n", 2])], outputs: [value("y", ["n", 3])],
    initializers: [
      initializer("weight", [2, 3], [1, 2, 3, 4, 5, 6]), initializer("bias", [3], [-10, 0, 1]),
    ])
}

extension WireModel {
  func load(folder: URL? = nil) throws -> ONNXModel { try ONNXModel(serializedBytes(), folder: folder) }

  /// The error of loading it.
  func refusal(folder: URL? = nil, sourceLocation: SourceLocation = #_sourceLocation) -> String {
    let error = #expect(throws: MartletError.self, sourceLocation: sourceLocation) {
      try load(folder: folder)
    }
    return error?.description ?? ""
  }
}

/// Whether an error says all of some words; what it says instead is shown.
func expect(_ error: String, says words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
  for word in words { #expect(error.contains(word), "\(error)", sourceLocation: sourceLocation) }
}

extension ONNXModel {
  /// What a model with one input makes of it.
  func run(_ x: Tensor) throws -> Tensor {
    let result = try self([inputs[0].name: x])
    return try #require(result[outputs[0].name])
  }
}

/// The largest of numbers that are not negative, infinite where one is not finite: `max()` passes over NaN.
func largest(_ numbers: [Float]) -> Float {
  numbers.reduce(0) { $1.isFinite ? max($0, $1) : .infinity }
}

/// The largest difference, over what is allowed: an absolute one plus one relative to what is expected.
func excess(
  _ got: Tensor, _ expected: Tensor, absolute: Double, relative: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Double {
  try #require(got.shape == expected.shape && got.scalar == expected.scalar, sourceLocation: sourceLocation)
  let pairs = zip(
    try got.cast(to: .float64).scalars(Double.self), try expected.cast(to: .float64).scalars(Double.self))
  return pairs.reduce(0) { worst, pair in
    let (a, b) = pair
    if a == b || a.isNaN && b.isNaN { return worst }
    return max(worst, a.isNaN || b.isNaN ? .infinity : abs(a - b) / (absolute + relative * abs(b)))
  }
}

/// Several models and tensors in one file, by the names of `make_onnx.py`.
struct Fixture {
  let tensors: [String: Tensor]

  init(_ name: String) throws {
    tensors = try loadSafetensors(fixtures.appendingPathComponent("\(name).safetensors"))
  }

  subscript(name: String) -> Tensor {
    get throws { try #require(tensors[name], "the fixture has no \(name)") }
  }

  func model(_ name: String) throws -> ONNXModel {
    try ONNXModel(Data(self[name].scalars(UInt8.self)))
  }

  /// Tensors whose names begin in some way, by the rest of their names.
  func tensors(_ prefix: String) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix(prefix) }.map {
        (String($0.key.dropFirst(prefix.count)), $0.value)
      })
  }
}
