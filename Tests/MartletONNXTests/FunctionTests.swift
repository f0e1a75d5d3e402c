import Martlet
import Testing

@testable import MartletONNX

@Suite("Functions that a file defines")
struct FunctionTests {
  private func function(
    _ name: String, _ inputs: [String], _ outputs: [String], _ nodes: [WireNode], attributes: [String] = [],
    defaults: [WireAttribute] = []
  ) -> WireFunctionBody {
    var function = WireFunctionBody()
    function.domain = "own"
    function.name = name
    function.input = inputs
    function.output = outputs
    function.node = nodes
    function.attribute = attributes
    function.attributeProto = defaults
    function.opsetImport = [operatorSet(17), operatorSet(1, "own")]
    return function
  }

  private func model(_ functions: [WireFunctionBody], _ nodes: [WireNode]) -> WireModel {
    MartletONNXTests.model(
      nodes, inputs: [value("x", [2])], outputs: [value("y", [2])], functions: functions, domains: ["own"])
  }

  private let leaky = node("LeakyRelu", ["a"], ["b"], [reference("alpha", to: "slope", .float)])

  @Test func theyAreReplacedByTheirNodes() throws {
    // Called twice with an attribute of its own each time, and once with the default.
    let wire = model(
      [function("steep", ["a"], ["b"], [leaky], defaults: [attribute("slope", Float(0.5))])],
      [
        node("steep", ["x"], ["h"], name: "one", domain: "own", [attribute("slope", Float(3))]),
        node("steep", ["h"], ["i"], name: "two", domain: "own"),
        node("Neg", ["i"], ["y"]),
      ])
    let model = try wire.load()
    #expect(try model.run(Tensor(shape: [2], scalars: [-2, 5] as [Float])).scalars() == [3, -5] as [Float])
    #expect(model.operatorCounts == ["LeakyRelu": 2, "Neg": 1])
    #expect(model.modules.map(\.name).contains("one/LeakyRelu_0"))
  }

  @Test func aReferenceWithoutAValueIsLeftOut() throws {
    let wire = model(
      [function("steep", ["a"], ["b"], [leaky], attributes: ["slope"])],
      [node("steep", ["x"], ["y"], domain: "own")])
    #expect(
      try wire.load().run(Tensor(shape: [2], scalars: [-1, 1] as [Float])).scalars() == [-0.01, 1] as [Float])
  }

  @Test func namesInsideAreTheirOwn() throws {
    let square = function("square", ["x"], ["y"], [node("Mul", ["x", "x"], ["y"])])
    let fourth = function(
      "fourth", ["x"], ["y"],
      [node("square", ["x"], ["h"], domain: "own"), node("square", ["h"], ["y"], domain: "own")])
    let wire = model([square, fourth], [node("fourth", ["x"], ["y"], domain: "own")])
    #expect(
      try wire.load().run(Tensor(shape: [2], scalars: [2, -1] as [Float])).scalars() == [16, 1] as [Float])
  }

  @Test func recursionIsRefused() {
    let own = function("own", ["a"], ["b"], [node("own", ["a"], ["b"], domain: "own")])
    expect(
      model([own], [node("own", ["x"], ["y"], domain: "own")]).refusal(),
      says: "at most 32 functions within each other", "own may call itself")
  }

  @Test func growthIsBounded() {
    // Each calls the one before it 16 times: 16^20 nodes.
    var functions = [function("f0", ["a"], ["b"], [node("Neg", ["a"], ["b"])])]
    for level in 1...20 {
      let calls = (0..<16).map {
        node("f\(level - 1)", [$0 == 0 ? "a" : "v\($0)"], [$0 == 15 ? "b" : "v\($0 + 1)"], domain: "own")
      }
      functions.append(function("f\(level)", ["a"], ["b"], calls))
    }
    expect(
      model(functions, [node("f20", ["x"], ["y"], domain: "own")]).refusal(),
      says: "expected functions of at most")
  }

  @Test func wrongCallsAreRefused() {
    let negative = function("negative", ["a"], ["b"], [node("Neg", ["a"], ["b"])])
    expect(
      model([negative], [node("negative", ["x", "x"], ["y"], domain: "own")]).refusal(),
      says: "at most 1 inputs and 1 outputs")
    expect(
      model([negative, negative], [node("negative", ["x"], ["y"], domain: "own")]).refusal(),
      says: "negative twice")
    let echo = function("echo", ["a"], ["a"], [])
    expect(
      model([echo], [node("echo", ["x"], ["y"], domain: "own")]).refusal(),
      says: "expected outputs of function echo that its nodes make")
    let stranger = function("stranger", ["a"], ["b"], [node("Neg", ["x"], ["b"])])
    expect(
      model([stranger], [node("stranger", ["x"], ["y"], domain: "own")]).refusal(),
      says: "expected a value that was made before, got x")
  }
}
