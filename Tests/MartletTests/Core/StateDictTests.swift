import Martlet
import Testing

/// A network as small as they come: a convolution, batch normalisation, and a head of two members.
private final class Network: Layer {
  let conv: Conv2d
  let bn: BatchNorm
  let head: [Conv2d]

  init(inputs: Int = 3, classes: Int = 2) throws {
    conv = try Conv2d(inputChannels: inputs, outputChannels: 4, kernelSize: 3)
    bn = try BatchNorm(channels: 4)
    head = [
      try Conv2d(inputChannels: 4, outputChannels: 4, kernelSize: 1),
      try Conv2d(inputChannels: 4, outputChannels: classes, kernelSize: 1),
    ]
  }

  func forward(_ input: Tensor) throws -> Tensor { try head[1](head[0](bn(conv(input)))) }
}

/// The same with a head of its own name.
private final class Renamed: Module {
  let classifier: Conv2d
  let other: Conv2d
  var headNames: [String] { ["classifier"] }

  init(classes: Int) throws {
    classifier = try Conv2d(inputChannels: 1, outputChannels: classes, kernelSize: 1)
    other = try Conv2d(inputChannels: 1, outputChannels: 1, kernelSize: 1)
  }
}

@Suite("A state is loaded whole or not at all")
struct StateDictTests {
  private func scalars(_ module: some Module, _ name: String) throws -> [Float] {
    try #require(module.stateDict[name]).scalars(Float.self)
  }

  private func refusal(
    _ module: some Module, _ state: [String: Tensor], reset: [String] = [], adaptInputChannels: Bool = false
  ) -> String {
    let before = module.stateDict.mapValues { try? $0.cast(to: .float64).scalars(Double.self) }
    let error = #expect(throws: MartletError.self) {
      try module.loadStateDict(state, source: "a.pt", reset: reset, adaptInputChannels: adaptInputChannels)
    }
    #expect(module.stateDict.mapValues { try? $0.cast(to: .float64).scalars(Double.self) } == before)
    return error?.description ?? ""
  }

  @Test("numbers are converted to the variable's type, and a count of batches may be missing")
  func conversion() throws {
    let source = try withSeed(1) { try Network() }
    var state = source.stateDict
    let count = "bn.num_batches_tracked"
    state["conv.weight"] = try state["conv.weight"]?.cast(to: .float64)
    state[count] = try Tensor(shape: [], scalars: [Int32(7)])
    let target = try Network()
    try target.loadStateDict(state)
    #expect(try scalars(target, "conv.weight") == scalars(source, "conv.weight"))
    #expect(try target.stateDict[count]?.scalars(Int64.self) == [7])
    state[count] = nil
    try target.loadStateDict(state)
    #expect(try target.stateDict[count]?.scalars(Int64.self) == [7])
    state["bn.bias"] = try Tensor.zeros([4], .int64)
    #expect(
      refusal(target, state) == "[load] a.pt does not fit the model: bn.bias: expected float32, got int64")
    state["bn.bias"] = nil
    #expect(refusal(target, state) == "[load] a.pt does not fit the model: missing bn.bias")
  }

  @Test("a missing name is reported with what it may have become")
  func nearest() throws {
    let network = try Network()
    var state = network.stateDict
    state["backbone.first.bn.running_mean"] = state.removeValue(forKey: "bn.running_mean")
    state["haed.1.weight"] = state.removeValue(forKey: "head.1.weight")
    state["x"] = state.removeValue(forKey: "head.0.bias")
    state["evil\u{1B}[2J"] = state["x"]
    let text = refusal(network, state)
    #expect(text.contains("missing bn.running_mean (there is backbone.first.bn.running_mean); "))
    #expect(text.contains("missing head.1.weight (there is haed.1.weight); "))
    #expect(text.contains("missing head.0.bias; "))
    #expect(text.contains("unexpected evil\u{FFFD}[2J; "))
  }

  @Test("long lists are cut, with how many there are")
  func longLists() throws {
    let network = try Network()
    var state: [String: Tensor] = [:]
    for i in 0..<1000 { state["\(i).\(String(repeating: "y", count: 10_000))"] = try Tensor(Float(0)) }
    let text = refusal(network, state)
    #expect(text.contains("; … and 990 more unexpected"))
    #expect(text.utf8.count < 5000)
    #expect(text.contains("missing head.1.weight"))
  }

  @Test("what is to be reset keeps its numbers, whatever the state has")
  func reset() throws {
    let source = try withSeed(1) { try Network(classes: 21) }
    var state = source.stateDict
    state["head.2.weight"] = state["conv.bias"]
    let target = try withSeed(2) { try Network() }
    let first = try (scalars(target, "head.0.weight"), scalars(target, "head.1.weight"))
    try target.loadStateDict(state, reset: ["head"])
    #expect(try scalars(target, "head.0.weight") == first.0)
    #expect(try scalars(target, "head.1.weight") == first.1)
    #expect(try scalars(target, "conv.weight") == scalars(source, "conv.weight"))
    // Only a part of it.
    state["head.2.weight"] = nil
    try target.loadStateDict(state, reset: ["head.1.*"])
    #expect(try scalars(target, "head.0.weight") == scalars(source, "head.0.weight"))
    #expect(try scalars(target, "head.1.weight") == first.1)
    #expect(
      refusal(target, state, reset: ["head.1.bias"]).contains(
        "head.1.weight: expected shape [2, 4, 1, 1], got [21"))
    // Names that only the file has.
    state["auxiliary.weight"] = state["conv.bias"]
    try target.loadStateDict(state, reset: ["head", "auxiliary"])
    let text = refusal(target, state, reset: ["haed.1"])
    #expect(text.contains("got haed.1, which matches none"))
    #expect(refusal(target, state, reset: ["conv.weigth"]).contains("did you mean conv.weight?"))
  }

  @Test("a model says what its head is")
  func headNames() throws {
    let source = try withSeed(1) { try Renamed(classes: 5) }
    let target = try withSeed(2) { try Renamed(classes: 2) }
    try target.loadStateDict(source.stateDict, reset: ["head"])
    #expect(try scalars(target, "other.weight") == scalars(source, "other.weight"))
  }

  @Test("only the first convolution is made for other channels, and only when asked")
  func channels() throws {
    let source = try withSeed(1) { try Network(inputs: 3) }
    let target = try Network(inputs: 1)
    #expect(
      refusal(target, source.stateDict).contains("conv.weight: expected shape [4, 1, 3, 3], got [4, 3, 3, 3]")
    )
    try target.loadStateDict(source.stateDict, adaptInputChannels: true)
    let old = try scalars(source, "conv.weight")
    let new = try scalars(target, "conv.weight")
    for filter in 0..<4 {
      for tap in 0..<9 {
        let channels = (0..<3).map { old[(filter * 3 + $0) * 9 + tap] }
        #expect(abs(new[filter * 9 + tap] - channels.reduce(0, +)) <= 1e-7)
      }
    }
    // Another size of kernel is no matter of channels.
    var state = source.stateDict
    state["conv.weight"] = try Tensor.zeros([4, 3, 5, 5])
    #expect(refusal(target, state, adaptInputChannels: true).contains("got [4, 3, 5, 5]"))
    state["conv.weight"] = try Tensor.zeros([4, 0, 3, 3])
    #expect(refusal(target, state, adaptInputChannels: true).contains("[4, 0, 3, 3]"))
    state["conv.weight"] = try Tensor.zeros([4])
    #expect(refusal(target, state, adaptInputChannels: true).contains("got [4]"))
    // A state that fits is taken as it is.
    try target.loadStateDict(Network(inputs: 1).stateDict, adaptInputChannels: true)
  }
}

@Suite("Patterns of names")
struct NamePatternTests {
  @Test(
    "match whole names, or beginnings up to a dot",
    arguments: [
      ("head", "head.weight", true), ("head", "head", true), ("head", "header.weight", false),
      ("head", "decoder.head", false), ("decoder.1", "decoder.1.conv.weight", true),
      ("decoder.1", "decoder.10", false),
      ("*.bias", "a.b.bias", true), ("*.bias", "bias", false), ("*", "a", true), ("*", "", true),
      ("", "a", false),
      ("a?c", "abc.d", true), ("a?c", "ac", false), ("*conv*.weight", "x.conv1.weight", true),
      ("a*b*c", "a.b.bb.c.d", true), ("a*b*c", "a.b.bb", false), ("**", "abc", true), ("ä", "ä.weight", true),
      ("a?c", "aäc", true),
    ])
  func matching(_ pattern: String, _ name: String, _ matches: Bool) {
    #expect(NamePattern(pattern).matches(name) == matches)
  }

  @Test("take no more time than the product of the lengths")
  func hostile() {
    let stars = String(repeating: "*a", count: 50)
    #expect(!NamePattern(stars + "b").matches(String(repeating: "a", count: 5000)))
  }
}
