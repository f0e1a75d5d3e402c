import Martlet
import Testing

@testable import MartletONNX

@Suite("What cannot be run is named before anything runs")
struct UnsupportedOperatorTests {
  private func wire(_ nodes: [WireNode], version: Int = 17, domains: [String] = []) -> WireModel {
    model(
      nodes, inputs: [value("x", [1, 1, 4, 4])], outputs: [value(nodes.last?.output[0] ?? "x", [])],
      version: version, domains: domains)
  }

  @Test func allOfItAtOnce() {
    let error = wire([
      node("LSTM", ["x", "x", "x"], ["a"], name: "rnn"), node("Relu", ["a"], ["b"]),
      node("Conv2", ["b"], ["c"], name: "typo"),
      node("Relu", ["c"], ["d"], name: "odd", [attribute("slope", 3)]),
    ]).refusal()
    expect(
      error, says: "3 nodes cannot be run", "LSTM (node rnn): no such operator",
      "Conv2 (node typo): no such operator; there is Conv", "Relu (node odd)", "got slope")
  }

  @Test func domainsAndVersions() {
    expect(
      wire([node("Thing", ["x"], ["y"], domain: "com.example")], domains: ["com.example"]).refusal(),
      says: "Thing (node Thing_0): no such operator of com.example")
    expect(
      wire([node("Thing", ["x"], ["y"], domain: "com.example")]).refusal(),
      says: "expected the operators of com.example to be imported")
    expect(
      wire([node("Gelu", ["x"], ["y"])]).refusal(), says: "expected version 20 to 28 of the operators, got 17"
    )
    expect(
      wire([node("Upsample", ["x", "x"], ["y"])]).refusal(), says: "expected version 7 to 9 of the operators")
  }

  @Test func numbersOfInputsAndOutputs() {
    expect(wire([node("Add", ["x"], ["y"])]).refusal(), says: "expected 2 inputs, got 1")
    expect(wire([node("Add", ["x", ""], ["y"])]).refusal(), says: "expected 2 inputs, got 1")
    expect(wire([node("Relu", ["x"], ["y", "z"])]).refusal(), says: "expected 1 outputs, got 2")
    expect(wire([node("Concat", [], ["y"], [attribute("axis", 0)])]).refusal(), says: "1 or more inputs")
  }

  @Test func attributesOfAnotherKindOrValue() {
    expect(
      wire([node("Relu", ["x"], ["y"], [attribute("a", 1), attribute("a", 1)])]).refusal(), says: "a twice")
    expect(
      wire([node("LeakyRelu", ["x"], ["y"], [attribute("alpha", 1)])]).refusal(),
      says: "expected attribute alpha of kind")
    var mode = WireAttribute()
    (mode.name, mode.type, mode.s) = ("mode", .string, .init("sideways".utf8))
    expect(
      wire([node("Pad", ["x", "x"], ["y"], [mode])]).refusal(),
      says: "expected attribute mode to be one of constant, reflect, edge, wrap, got sideways")
  }

  @Test func subgraphs() {
    var branch = WireAttribute()
    (branch.name, branch.type) = ("then_branch", .graph)
    branch.g.node = [node("Relu", ["x"], ["y"])]
    expect(wire([node("If", ["x"], ["y"], [branch])]).refusal(), says: "If (node If_0): no such operator")
  }

  @Test func theTableIsConsistent() {
    for entry in ONNXModel.operators {
      #expect(OperatorSets.understood.contains(entry.versions.lowerBound), "\(entry.name)")
      #expect(OperatorSets.understood.contains(entry.versions.upperBound), "\(entry.name)")
    }
    #expect(ONNXModel.operators.count > 100)
  }
}
