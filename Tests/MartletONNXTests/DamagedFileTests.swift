import Foundation
import Martlet
import SwiftProtobuf
import Testing

@testable import MartletONNX

@Suite("Damaged and hostile models are refused")
struct DamagedFileTests {
  /// A small network with most of what a file can hold.
  private func bytes() throws -> [UInt8] {
    var weight = initializer("weight", [2, 1, 3, 3], [])
    weight.floatData = []
    weight.rawData = (0..<18).map { Float($0) }.withUnsafeBytes { Data($0) }
    let wire = model(
      [
        node(
          "Conv", ["x", "weight"], ["h"], [attribute("pads", [1, 1, 1, 1]), attribute("strides", [2, 2])]),
        node("Relu", ["h"], ["r"]), node("GlobalAveragePool", ["r"], ["p"]),
        node("Reshape", ["p", "shape"], ["y"]),
      ], inputs: [value("x", ["n", 1, 4, 4])], outputs: [value("y", ["n", 2])],
      initializers: [weight, initializer("shape", [0, -1])])
    return try Array(wire.serializedBytes() as Data)
  }

  /// Reads and runs; only a thrown `MartletError` may come of it.
  private func survives(_ bytes: [UInt8], _ what: String) {
    do {
      let model = try ONNXModel(Data(bytes))
      let inputs = try Dictionary(
        model.inputs.map { ($0.name, try Tensor.ones([1, 1, 4, 4])) }, uniquingKeysWith: { a, _ in a })
      _ = try model(inputs)
    } catch {
      #expect(error is MartletError, "\(what): \(error)")
    }
  }

  @Test func wholeItRuns() throws {
    let model = try ONNXModel(Data(bytes()))
    #expect(try model.run(.ones([1, 1, 4, 4])).shape == [1, 2])
  }

  @Test func everyTruncationIsSurvived() throws {
    let bytes = try bytes()
    for count in 0..<bytes.count { survives(Array(bytes.prefix(count)), "\(count) bytes") }
  }

  @Test func changedBytesAreSurvived() throws {
    let bytes = try bytes()
    var state: UInt64 = 1
    func next(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
    for round in 0..<3000 {
      var damaged = bytes
      for _ in 0...next(3) { damaged[next(damaged.count)] = UInt8(next(256)) }
      survives(damaged, "round \(round)")
    }
  }

  @Test func everyByteAtItsExtremesIsSurvived() throws {
    let bytes = try bytes()
    for position in bytes.indices {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var damaged = bytes
        damaged[position] = value
        survives(damaged, "\(value) at \(position)")
      }
    }
  }

  @Test func whatIsNoModelIsRefused() {
    for bytes in [[], [0], Array("\u{89}PNG".utf8), [UInt8](repeating: 0xFF, count: 100)] {
      #expect(throws: MartletError.self) { try ONNXModel(Data(bytes)) }
    }
  }

  @Test(arguments: [[1 << 62, 4], [-1], [1 << 40], [0, 1 << 62, 1 << 62], [3]])
  func dimensionsAreNotBelieved(_ dims: [Int]) {
    var wire = smallModel()
    wire.graph.initializer[1].dims = dims.map(Int64.init)
    wire.graph.initializer[1].floatData = dims == [3] ? [1, 2] : dims.contains(0) ? [] : [1, 2, 3]
    expect(wire.refusal(), says: "initializer bias: expected")
  }

  @Test func elementsAreCounted() {
    var wire = smallModel()
    wire.graph.initializer[1].floatData = []
    wire.graph.initializer[1].rawData = Data(count: 11)
    expect(wire.refusal(), says: "initializer bias: expected 12 bytes for float[3], got 11")
  }

  @Test func elementTypesThatAreNotHeldAreNamed() {
    for (type, name) in [(ElementType.int8, "int8"), (.string, "string"), (.complex64, "complex64")] {
      var wire = smallModel()
      wire.graph.initializer[1].dataType = type.rawValue
      expect(wire.refusal(), says: "initializer bias", "got \(name)")
    }
    var wire = smallModel()
    wire.graph.initializer[1].dataType = 99
    expect(wire.refusal(), says: "got type 99")
    wire = smallModel()
    wire.graph.input[0].type.tensorType.elemType = ElementType.uint16.rawValue
    expect(wire.refusal(), says: "input x", "got uint16")
    wire = smallModel()
    wire.graph.input[0].type.sequenceType = WireType.Other()
    expect(wire.refusal(), says: "input x: expected a tensor, got a sequence")
  }

  @Test func truthsAreZeroOrOne() {
    var wire = smallModel()
    wire.graph.initializer[1].dataType = ElementType.bool.rawValue
    wire.graph.initializer[1].floatData = []
    wire.graph.initializer[1].rawData = Data([0, 1, 2])
    expect(wire.refusal(), says: "expected 0 and 1 as bool")
  }

  @Test func sparseTensorsAreRefused() {
    var wire = smallModel()
    var sparse = WireSparseTensor()
    sparse.values.name = "few"
    wire.graph.sparseInitializer = [sparse]
    expect(wire.refusal(), says: "sparse", "few")
  }

  @Test func versionsAreChecked() {
    for version in [6, 29, -1] {
      var wire = smallModel()
      wire.opsetImport = [operatorSet(version)]
      expect(wire.refusal(), says: "expected version 7 to 28 of the standard operators, got \(version)")
    }
    var wire = smallModel()
    wire.irVersion = 99
    expect(wire.refusal(), says: "version 3 to 14 of the format, got 99")
    wire = smallModel()
    wire.opsetImport = []
    expect(wire.refusal(), says: "expected a version of the standard operators, got none")
    wire.opsetImport = [operatorSet(17), operatorSet(17, "ai.onnx")]
    expect(wire.refusal(), says: "ai.onnx twice")
  }

  @Test func valuesHaveOneOriginBeforeTheirUses() {
    var wire = smallModel()
    wire.graph.node.swapAt(0, 1)
    expect(wire.refusal(), says: "Relu_0", "got h, which is made later or from its own result")
    wire = smallModel()
    wire.graph.node[1].input = ["nothing"]
    expect(wire.refusal(), says: "got nothing, which nothing makes")
    wire = smallModel()
    wire.graph.node[1].output = ["h"]
    wire.graph.output[0].name = "h"
    expect(wire.refusal(), says: "got h, which is there already")
    wire = smallModel()
    wire.graph.node[1].output = ["weight"]
    expect(wire.refusal(), says: "got weight, which is there already")
    wire = smallModel()
    wire.graph.output[0].name = "z"
    expect(wire.refusal(), says: "expected an output that something makes, got z")
    wire = smallModel()
    wire.graph.initializer.append(wire.graph.initializer[0])
    expect(wire.refusal(), says: "weight twice")
    wire = smallModel()
    wire.graph.input.append(wire.graph.input[0])
    expect(wire.refusal(), says: "x twice")
  }

  @Test func manyNodesAreRead() throws {
    let count = 100_000
    let nodes = (0..<count).map { node("Identity", ["v\($0)"], ["v\($0 + 1)"]) }
    let wire = model(nodes, inputs: [value("v0", [1])], outputs: [value("v\(count)", [1])])
    let model = try wire.load()
    #expect(try model.run(Tensor(shape: [1], scalars: [3] as [Float])).scalars() == [3] as [Float])
  }
}
