import Martlet
import Testing

private final class Leaf: Layer {
  let weight: Parameter
  let runningMean: Buffer
  init(_ value: Float) throws {
    weight = try Parameter(Tensor(shape: [1], scalars: [value]))
    runningMean = try Buffer(Tensor(shape: [1], scalars: [value]))
  }
  func forward(_ input: Tensor) throws -> Tensor { try Tensor.apply(Mix(weights: [1, 1]), [input, weight.value])[0] }
}

private final class Tree: Layer {
  let encoder: [Leaf]
  let optional: Leaf?
  let missing: Leaf? = nil
  @Key("downsample.0") var shortcut: Leaf
  let named: [String: Leaf]
  let shared: Leaf

  init() throws {
    encoder = [try Leaf(1), try Leaf(2)]
    optional = try Leaf(3)
    named = ["b": try Leaf(5), "a": try Leaf(6)]
    shared = encoder[0]
    shortcut = try Leaf(4)
  }

  func forward(_ input: Tensor) throws -> Tensor { try encoder[1](encoder[0](input)) }
}

@Suite("Modules")
struct ModuleTests {
  @Test("name their members as PyTorch does")
  func names() throws {
    let tree = try Tree()
    #expect(
      tree.variables.map(\.name) == [
        "encoder.0.weight", "encoder.0.running_mean", "encoder.1.weight", "encoder.1.running_mean",
        "optional.weight", "optional.running_mean", "downsample.0.weight", "downsample.0.running_mean",
        "named.a.weight", "named.a.running_mean", "named.b.weight", "named.b.running_mean",
        "shared.weight", "shared.running_mean",
      ])
    #expect(tree.parameters.map(\.name).contains("shared.weight") == false)
    #expect(tree.parameterCount == 6)
    #expect(tree.modules.map(\.name).contains("downsample.0"))
  }

  @Test("load by name")
  func load() throws {
    let source = try Tree()
    for (index, entry) in source.variables.enumerated() {
      try entry.variable.assign(Tensor(shape: [1], scalars: [Float(index) + 100]))
    }
    let target = try Tree()
    try target.loadStateDict(source.stateDict)
    for (a, b) in zip(source.variables, target.variables) {
      #expect(try a.variable.concrete.scalars(Float.self) == b.variable.concrete.scalars(Float.self))
    }
  }

  @Test("report everything that does not fit at once, and change nothing")
  func badState() throws {
    let tree = try Tree()
    var state = tree.stateDict
    state["encoder.0.wieght"] = state.removeValue(forKey: "encoder.0.weight")
    state["encoder.1.weight"] = try Tensor(shape: [2], scalars: [Float(0), 0])
    let error = #expect(throws: MartletError.self) { try tree.loadStateDict(state, source: "a.safetensors") }
    #expect(
      error?.description
        == "[load] a.safetensors does not fit the model: missing encoder.0.weight (there is encoder.0.wieght); "
        + "unexpected encoder.0.wieght; encoder.1.weight: expected shape [1], got [2]")
    #expect(try tree.stateDict["encoder.1.weight"]?.scalars(Float.self) == [2])
  }

  @Test("lend their names to what they record")
  func scopes() throws {
    let tree = try Tree()
    let function = try Function([TensorType([1])]) { [try tree($0[0])] }
    let names = tree.namesByIdentity
    let scopes = function.recorded.nodes.map { function.scopeNames(of: $0, names: names) }
    #expect(scopes == [["", "encoder.0"], ["", "encoder.1"]])
  }
}
