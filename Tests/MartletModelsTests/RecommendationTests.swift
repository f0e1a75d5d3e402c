import Foundation
import Martlet
import MartletInterchange
import MartletModels
import Testing

/// What the fixtures hold of one family, by PyTorch's script beside them.
struct RecommendationFixture: Sendable {
  private let tensors: [String: Tensor]

  init(_ family: String) throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/recommendation_\(family).safetensors")
    tensors = try loadSafetensors(url)
  }

  func tensor(_ name: String) throws -> Tensor { try #require(tensors[name], "no \(name) in the fixture") }

  /// All tensors below a prefix, by the rest of their names.
  func part(_ prefix: String) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix(prefix) }
        .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
  }
}

/// The largest difference, relative to the largest magnitude or, where all are small, to `floor`. It is infinite where
/// a difference is not finite: a comparison with NaN is false, so that `max` would pass over it.
func apart(_ a: Tensor, _ b: Tensor, floor: Double = 1e-3) throws -> Double {
  try #require(a.shape == b.shape)
  let (x, y) = try (a.scalars(Float.self), b.scalars(Float.self))
  let scale = y.reduce(floor) { max($0, Double(abs($1))) }
  return zip(x, y).reduce(0) { worst, pair in
    let difference = Double(abs(pair.0 - pair.1)) / scale
    return difference.isFinite ? max(worst, difference) : .infinity
  }
}

/// A scalar of tensors and its gradients with respect to all parameters of a model, by name.
func valueAndGradients(
  _ model: any Module, _ inputs: [Tensor], _ body: ([Tensor]) throws -> Tensor
) throws -> (value: Tensor, gradients: [String: Tensor]) {
  let names = model.parameters.map(\.name)
  let parameters = model.parameters.map(\.parameter)
  let function = try Function(inputs.map(\.type)) { arguments in
    let value = try body(arguments)
    return try [value] + gradients(of: value, withRespectTo: parameters.map(\.value))
  }
  let results = try function(inputs)
  return (results[0], Dictionary(uniqueKeysWithValues: zip(names, results.dropFirst())))
}

@Suite("DownConv")
struct DownConvTests {
  static let cases = [
    "exact", "exact_long", "padded", "padded_unused", "remainder", "remainder_one", "ones", "whole",
  ]

  @Test("has PyTorch's output and gradients", arguments: cases)
  func parity(name: String) throws {
    let fixture = try RecommendationFixture("downconv")
    let sizes = try fixture.tensor("\(name)/sizes").scalars(Int32.self).map(Int.init)
    let layer = try DownConv(
      sequenceLength: sizes[0], hiddenSize: sizes[1], segments: sizes[2], kernel1: sizes[3],
      channelReduction: sizes[4])
    try layer.loadStateDict(fixture.part("\(name)/state/"))
    let (input, seed) = try (fixture.tensor("\(name)/input"), fixture.tensor("\(name)/seed"))
    #expect(try apart(layer(input), fixture.tensor("\(name)/output")) < 2e-6)
    var (_, gradients) = try valueAndGradients(layer, [input, seed]) { try (layer($0[0]) * $0[1]).sum() }
    gradients["input"] = try Function([input.type, seed.type]) {
      try Martlet.gradients(of: (layer($0[0]) * $0[1]).sum(), withRespectTo: [$0[0]])
    }([input, seed])[0]
    let expected = fixture.part("\(name)/grad/")
    #expect(Set(gradients.keys) == Set(expected.keys))
    for (parameter, gradient) in gradients {
      #expect(try apart(gradient, #require(expected[parameter])) < 5e-6, "\(parameter)")
    }
  }

  @Test("has the sizes of the published configuration")
  func published() throws {
    let layer = try DownConv()
    let shapes = layer.stateDict.mapValues(\.shape)
    #expect(
      shapes == [
        "conv1a.weight": [4, 64, 10], "conv1a.bias": [4], "conv2a.weight": [64, 4, 5], "conv2a.bias": [64],
      ])
    #expect(try layer(Tensor.zeros([3, 200, 64])).shape == [3, 4, 64])
  }

  @Test("gives the segments of a linear layer's output without making it")
  func afterLinear() throws {
    let layer = try DownConv(
      sequenceLength: 23, hiddenSize: 6, segments: 2, kernel1: 5, channelReduction: 3)
    let input = try Tensor.normal(TensorType([3, 23, 6]), mean: 0, standardDeviation: 1, seed: 1, stream: 1)
    for bias in [true, false] {
      let linear = try Linear(inputs: 6, outputs: 6, bias: bias)
      #expect(try apart(layer(input, after: linear), layer(linear(input))) < 2e-6)
    }
    #expect(throws: MartletError.self) { try layer(input, after: Linear(inputs: 6, outputs: 5)) }
  }

  @Test("takes an empty batch")
  func empty() throws { #expect(try DownConv()(Tensor.zeros([0, 200, 64])).shape == [0, 4, 64]) }

  @Test("refuses sizes that do not give the segments, and names some that do")
  func misfit() throws {
    let error = try #require(throws: MartletError.self) {
      try DownConv(sequenceLength: 20, hiddenSize: 4, segments: 2, kernel1: 12, channelReduction: 2)
    }
    let text = "\(error)"
    #expect(text.contains("expected sizes that give 2 segments, got 3"))
    // What it names does fit.
    let kernels = try #require(text.firstMatch(of: /nearby is a kernel of (\d+)/))
    _ = try DownConv(
      sequenceLength: 20, hiddenSize: 4, segments: 2, kernel1: #require(Int(kernels.1)), channelReduction: 2)
  }

  @Test(
    "names the size that cannot be",
    arguments: [
      (0, 64, 4, 10, 16), (200, 0, 4, 10, 16), (200, 64, 0, 10, 16), (200, 64, 4, 0, 16), (200, 64, 4, 10, 0),
      (200, 64, 4, 10, 5), (200, 64, 4, 300, 16), (-1, 64, 4, 10, 16),
    ])
  func bad(length: Int, hidden: Int, segments: Int, kernel: Int, reduction: Int) throws {
    let error = try #require(throws: MartletError.self) {
      try DownConv(
        sequenceLength: length, hiddenSize: hidden, segments: segments, kernel1: kernel,
        channelReduction: reduction)
    }
    #expect("\(error)".hasPrefix("[down_conv] expected"))
  }

  @Test("refuses an input of another length")
  func wrongInput() throws {
    let layer = try DownConv()
    #expect(throws: MartletError.self) { try layer(Tensor.zeros([3, 199, 64])) }
  }
}

@Suite("Sequence models")
struct SequenceModelTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var family: String
    var name: String
    var make: @Sendable () throws -> any SequenceModel
    var testDescription: String { "\(family) \(name)" }
  }

  private static func paup(
    _ name: String, layers: Int = 2, segments: Int, kernel1: Int, reduction: Int = 2, length: Int = 20,
    heads: Int = 2, axis: SoftmaxAxis = .queries
  ) -> Case {
    Case(family: "paup", name: name) {
      var c = PAUP.Configuration(itemCount: 10)
      (c.maximumLength, c.hiddenSize, c.innerSize, c.layers, c.heads) = (length, 8, 16, layers, heads)
      (c.segments, c.kernel1, c.channelReduction, c.softmaxAxis) = (segments, kernel1, reduction, axis)
      return try PAUP(c)
    }
  }

  private static func sasrec(_ name: String, layers: Int, heads: Int = 2) -> Case {
    Case(family: "sasrec", name: name) {
      var c = SASRec.Configuration(itemCount: 10)
      (c.maximumLength, c.hiddenSize, c.innerSize, c.layers, c.heads) = (20, 8, 16, layers, heads)
      return try SASRec(c)
    }
  }

  @Test func ratesThatCannotBeAreRefused() {
    for change: (inout SequenceModelSizes) -> Void in [
      { $0.attentionDropout = 2 }, { $0.attentionDropout = -0.1 }, { $0.hiddenDropout = .nan },
      { $0.epsilon = 0 }, { $0.epsilon = .infinity },
    ] {
      var sizes = SequenceModelSizes(itemCount: 10)
      change(&sizes)
      #expect(throws: MartletError.self) { try SASRec(sizes) }
    }
  }

  static let cases = [
    paup("one_layer", layers: 1, segments: 4, kernel1: 2),
    paup("one_layer_keys", layers: 1, segments: 4, kernel1: 2, axis: .keys),
    paup("two_layers", segments: 2, kernel1: 5),
    paup("two_layers_keys", segments: 2, kernel1: 5, axis: .keys),
    paup("remainder", segments: 2, kernel1: 5, reduction: 4, length: 23),
    paup("four_heads", layers: 1, segments: 4, kernel1: 2, reduction: 4, heads: 4),
    sasrec("one_layer", layers: 1), sasrec("two_layers", layers: 2),
    sasrec("four_heads", layers: 2, heads: 4),
  ]

  @Test("have PyTorch's outputs, losses and gradients", arguments: cases)
  func parity(_ item: Case) throws {
    let fixture = try RecommendationFixture(item.family)
    let model = try item.make()
    try model.loadStateDict(fixture.part("\(item.name)/state/"))
    let inputs = try ["items", "lengths", "targets", "negatives"].map {
      try fixture.tensor("\(item.name)/\($0)")
    }
    let output = try model.represent(items: inputs[0], lengths: inputs[1])
    #expect(try apart(output, fixture.tensor("\(item.name)/output")) < 1e-6)
    let (loss, slopes) = try valueAndGradients(model, Array(inputs[..<3])) {
      try model.crossEntropyLoss(items: $0[0], lengths: $0[1], targets: $0[2])
    }
    #expect(try apart(loss, fixture.tensor("\(item.name)/loss")) < 2e-6)
    try compare(slopes, fixture.part("\(item.name)/grad/"))
    let (ranking, rankingSlopes) = try valueAndGradients(model, inputs) {
      try model.bayesianRankingLoss(items: $0[0], lengths: $0[1], targets: $0[2], negatives: $0[3])
    }
    #expect(try apart(ranking, fixture.tensor("\(item.name)/bpr")) < 2e-6)
    try compare(rankingSlopes, fixture.part("\(item.name)/bpr_grad/"))
  }

  private func compare(_ gradients: [String: Tensor], _ expected: [String: Tensor]) throws {
    #expect(Set(gradients.keys) == Set(expected.keys))
    // Some gradients are zero by nature, such as that of a bias which moves all scores alike: what is left of them are
    // the rounding errors of terms as large as other gradients.
    let largest = try expected.values.flatMap { try $0.scalars(Float.self) }.reduce(0) { max($0, abs($1)) }
    for (name, gradient) in gradients {
      #expect(try apart(gradient, #require(expected[name]), floor: Double(largest) / 100) < 5e-6, "\(name)")
    }
  }

  @Test("give all beginnings of a history at once, where items see only what came before", arguments: [1, 2])
  func allBeginnings(layers: Int) throws {
    var c = SASRec.Configuration(itemCount: 30)
    (c.maximumLength, c.hiddenSize, c.innerSize, c.layers) = (7, 8, 16, layers)
    let model = try withSeed(3) { try SASRec(c) }
    let history: [Int32] = [4, 9, 2, 30, 4]
    let targets: [Int32] = [9, 2, 30, 4, 11]
    func row(_ items: ArraySlice<Int32>) throws -> Tensor {
      try Tensor(shape: [1, 7], scalars: items + [Int32](repeating: 0, count: 7 - items.count))
    }
    let all = try model.representAll(items: row(history[...]))
    #expect(all.shape == [1, 7, 8])
    var sum = 0.0
    for (position, target) in targets.enumerated() {
      let items = try row(history[...position])
      let length = try Tensor(shape: [1], scalars: [Int32(position + 1)])
      let one = try model.represent(items: items, lengths: length)
      #expect(try apart(all.sliced(axis: 1, from: position, to: position + 1).squeezed(1), one) < 2e-6)
      sum += try Double(
        model.crossEntropyLoss(items: items, lengths: length, targets: Tensor(shape: [1], scalars: [target]))
          .item(Float.self))
    }
    let loss = try model.crossEntropyLoss(items: row(history[...]), targets: row(targets[...]))
    #expect(try abs(Double(loss.item(Float.self)) - sum / 5) < 1e-5)
  }

  @Test(
    "refuse histories of another length, lengths out of range and items that do not exist", arguments: cases)
  func badInput(_ item: Case) throws {
    let model = try item.make()
    let length = model.maximumLength
    let items = try Tensor(shape: [2, length], scalars: [Int32](repeating: 1, count: 2 * length))
    let lengths = try Tensor(shape: [2], scalars: [Int32(1), 2])
    #expect(throws: MartletError.self) {
      try model.represent(items: items.sliced(axis: 1, to: length - 1), lengths: lengths)
    }
    #expect(throws: MartletError.self) {
      try model.represent(items: items, lengths: Tensor(shape: [3], scalars: [Int32(1), 2, 3]))
    }
    // In every row: positions of other sequences are none of this one.
    for wrong in [[0, 1], [1, 0], [length + 1, 1], [1, length + 1], [-1, 1], [1, -1]] {
      #expect(throws: MartletError.self, "\(wrong)") {
        try model.represent(items: items, lengths: Tensor(shape: [2], scalars: wrong.map { Int32($0) }))
      }
    }
    #expect(throws: MartletError.self) {
      try model.represent(items: items + Tensor(shape: [], scalars: [Int32(10)]), lengths: lengths)
    }
  }

  @Test("take an empty batch", arguments: cases)
  func empty(_ item: Case) throws {
    let model = try item.make()
    let items = try Tensor(shape: [0, model.maximumLength], scalars: [Int32]())
    #expect(
      try model.represent(items: items, lengths: Tensor(shape: [0], scalars: [Int32]())).shape == [0, 8])
  }

  @Test("draw parameters as published")
  func drawing() throws {
    let model = try withSeed(7) { try PAUP(PAUP.Configuration(itemCount: 500)) }
    let state = model.stateDict
    for (name, tensor) in state {
      let values = try tensor.scalars(Float.self).map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count))
        .squareRoot()
      if name.contains("LayerNorm") || name.contains("pos_ln") {
        #expect(values.allSatisfy { $0 == (name.hasSuffix("weight") ? 1 : 0) }, "\(name)")
      } else if name.contains("conv") {
        // As PyTorch draws a convolution: uniform within 1/√(inputs · kernel).
        let fan = try #require(state[name.replacing("bias", with: "weight")]).shape.dropFirst().reduce(1, *)
        #expect(values.allSatisfy { abs($0) <= 1 / Double(fan).squareRoot() }, "\(name)")
      } else if name.hasSuffix("bias") {
        #expect(values.allSatisfy { $0 == 0 }, "\(name)")
      } else {
        #expect(abs(deviation - 0.02) < 0.001 && abs(mean) < 0.001, "\(name): \(mean), \(deviation)")
      }
    }
    // The padding item's vector too.
    let first = try #require(state["item_embedding.weight"]).sliced(axis: 0, to: 1).scalars(Float.self)
    #expect(first.contains { $0 != 0 })
  }
}
