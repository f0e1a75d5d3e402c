import Foundation
import Martlet
import MartletInterchange
import Testing

@testable import MartletONNX

@Suite("A model runs, and is a module")
struct ModelRunTests {
  private func input() throws -> Tensor { try Tensor(shape: [2, 2], scalars: [1, 1, 0, -1] as [Float]) }

  @Test func itRunsAtOnceAndRecorded() throws {
    let model = try smallModel().load()
    let expected: [Float] = [0, 7, 10, 0, 0, 0]
    #expect(try model.run(input()).scalars() == expected)
    let recorded = try model.recorded(for: ["x": input()])
    #expect(try recorded(["x": input()])["y"]?.scalars() == expected)
    #expect(recorded.arguments == ["x"] && recorded.results == ["y"])
  }

  @Test func whatItIsIsSaid() throws {
    let model = try smallModel().load()
    #expect(model.inputs.map { "\($0.name) \($0)" } == ["x float32[n, 2]"])
    #expect(model.outputs.map { "\($0.name) \($0)" } == ["y float32[n, 3]"])
    #expect(model.opset == 17)
    #expect(model.operatorCounts == ["Gemm": 1, "Relu": 1])
    #expect(model.parameters.map(\.name) == ["bias", "weight"])
    #expect(model.parameterCount == 9)
  }

  @Test func itIsALayerWhoseNodesHaveNames() throws {
    let layer = try smallModel().load().layer()
    #expect(try layer(input()).scalars() == [0, 7, 10, 0, 0, 0] as [Float])
    #expect(layer.parameters.map(\.name) == ["bias", "weight"])
    #expect(layer.modules.map(\.name).contains("dense"))
    let function = try Function([TensorType([2, 2])]) { [try layer($0[0])] }
    let names = function.recorded.nodes.map { function.scopeNames(of: $0, names: layer.namesByIdentity).last }
    #expect(Set(names) == ["dense", "Relu_1"])
  }

  @Test func weightsAreSavedAndLoaded() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("weights.safetensors")
    let model = try smallModel().load()
    try saveSafetensors(model.stateDict, to: file)
    for (_, parameter) in model.parameters { try parameter.assign(.zeros(parameter.type.shape)) }
    #expect(try model.run(input()).scalars() == [Float](repeating: 0, count: 6))
    try model.loadStateDict(loadWeights(file))
    #expect(try model.run(input()).scalars() == [0, 7, 10, 0, 0, 0] as [Float])
  }

  @Test func inputsAreChecked() throws {
    let model = try smallModel().load()
    let x = try input()
    func refusal(_ inputs: [String: Tensor]) -> String {
      let error = #expect(throws: MartletError.self) { try model(inputs) }
      return error?.description ?? ""
    }
    expect(refusal([:]), says: "[onnx] expected the inputs x, got none")
    expect(refusal(["x": x, "z": x]), says: "expected the inputs x, got x, z")
    expect(
      try refusal(["x": .zeros([2, 3])]), says: "input x: expected float32[n, 2], got float32[2, 3]")
    expect(try refusal(["x": .zeros([2, 2], .float64)]), says: "got float64[2, 2]")
    expect(try refusal(["x": .zeros([2])]), says: "got float32[2]")
  }

  @Test func oneNameStandsForOneSize() throws {
    let sum = model(
      [node("Add", ["a", "b"], ["y"])], inputs: [value("a", ["n"]), value("b", ["n"])],
      outputs: [value("y", ["n"])])
    let error = #expect(throws: MartletError.self) {
      try sum.load()(["a": .zeros([2]), "b": .zeros([1])])
    }
    expect(error?.description ?? "", says: "input b: expected float32[n], got float32[1]")
  }

  @Test func errorsNameTheNode() throws {
    let wrong = model(
      [node("Reshape", ["x", "shape"], ["y"], name: "view")], inputs: [value("x", ["n"])],
      outputs: [value("y", [2, 2])], initializers: [initializer("shape", [2, 2])])
    let error = #expect(throws: MartletError.self) { try wrong.load()(["x": .zeros([3])]) }
    expect(error?.description ?? "", says: "[reshape] node view (Reshape): expected 3 elements")
  }

  @Test func anInitializerThatIsAnInputTooIsADefault() throws {
    var wire = smallModel()
    wire.graph.input.append(value("bias", [3]))
    #expect(try wire.load().inputs.map(\.name) == ["x"])
  }

  @Test func shapesOfInputsFoldWhileTheModelIsRecorded() throws {
    // y = x as [batch, everything else], by arithmetic on x's shape.
    let wire = model(
      [
        node("Shape", ["x"], ["s"]), node("Gather", ["s", "zero"], ["n"]),
        node("Concat", ["n", "rest"], ["shape"], [attribute("axis", 0)]),
        node("Reshape", ["x", "shape"], ["y"]),
      ], inputs: [value("x", ["n", 2, 3])], outputs: [value("y", ["n", 6])],
      initializers: [initializer("zero", [0]), initializer("rest", [-1])])
    let model = try wire.load()
    #expect(model.shapeInputs.isEmpty)
    let x = try Tensor.ones([4, 2, 3])
    let recorded = try model.recorded(for: ["x": x])
    #expect(recorded.function.recorded.nodes.map(\.operation.name) == ["view"])
    #expect(try recorded(["x": x])["y"]?.shape == [4, 6])
  }

  @Test func inputsThatShapesDependOnAreKnownWhenRecorded() throws {
    let wire = model(
      [node("Mul", ["x", "scale"], ["h"]), node("Reshape", ["h", "shape"], ["y"])],
      inputs: [value("x", [4]), value("shape", [2], .int64)], outputs: [value("y", [2, 2])],
      initializers: [initializer("scale", [1], [2])])
    let model = try wire.load()
    #expect(model.shapeInputs == ["shape"])
    let inputs = ["x": try Tensor.ones([4]), "shape": try Tensor(shape: [2], scalars: [2, 2] as [Int64])]
    let recorded = try model.recorded(for: inputs)
    #expect(recorded.arguments == ["x"])
    #expect(try recorded(inputs)["y"]?.scalars() == [2, 2, 2, 2] as [Float])
    let error = #expect(throws: MartletError.self) {
      try Function([TensorType([4]), TensorType([2], .int64)]) {
        [try #require(try model(["x": $0[0], "shape": $0[1]])["y"])]
      }
    }
    expect(error?.description ?? "", says: "must be known when it is recorded")
  }

  @Test func numbersThatShapesAreMadeOfAreNotLearnt() throws {
    let wire = model(
      [
        node("Mul", ["x", "weight"], ["h"]), node("Resize", ["h", "", "scales"], ["r"]),
        node("Clip", ["r", "low"], ["c"]), node("Mul", ["c", "factor"], ["y"]),
      ], inputs: [value("x", [1, 1, 2, 2])], outputs: [value("y", [1, 1, 4, 4])],
      initializers: [
        initializer("weight", [1, 1, 1, 1], [3]), initializer("scales", [4], [1, 1, 2, 2]),
        initializer("low", [], [1]), initializer("factor", [], [2]),
      ])
    let model = try wire.load()
    #expect(model.parameters.map(\.name) == ["weight"])
    #expect(model.stateDict.keys.sorted() == ["factor", "weight"])
    #expect(try model.run(.ones([1, 1, 2, 2])).scalars() == [Float](repeating: 6, count: 16))
  }

  @Test func halfPrecisionIsComputedInSinglePrecision() throws {
    var weight = initializer("w", [2], [])
    weight.dataType = ElementType.float16.rawValue
    weight.floatData = []
    weight.int32Data = [0x3C00, 0xC100]
    let wire = model(
      [node("Mul", ["x", "w"], ["y"])], inputs: [value("x", [2], .float16)],
      outputs: [value("y", [2], .float16)], initializers: [weight])
    let model = try wire.load()
    #expect(model.widensHalfPrecision)
    #expect(try model.run(.ones([2])).scalars() == [1, -2.5] as [Float])
  }
}
