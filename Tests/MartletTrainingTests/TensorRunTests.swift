import Foundation
import Martlet
import MartletInterchange
import MartletModels
import Testing

@testable import MartletTraining

@Suite("A network runs on a saved tensor")
struct TensorRunTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martlet-run-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func save(_ tensors: [String: Tensor], _ name: String) throws -> String {
    try saveSafetensors(tensors, to: folder.appending(path: name))
    return path(name)
  }

  private func network() throws -> UNet {
    var configuration = UNet.Configuration()
    configuration.inputChannels = 1
    configuration.baseChannels = 2
    configuration.depth = 1
    configuration.classCount = 3
    return try withSeed(5) { try UNet(configuration) }
  }

  private var settings: [String] { ["base-channels=2", "depth=1", "classes=3"] }

  private func run(
    _ model: String, _ settings: [String] = [], weights: String? = nil, input: String,
    output: String = "y.safetensors"
  ) throws -> Tensor {
    var run = TensorRun(model: model, input: input, output: path(output))
    run.settings = settings
    run.overwrites = true
    run.weights = weights
    try run.run()
    let tensors = try loadSafetensors(URL(filePath: run.output))
    #expect(tensors.count == 1)
    return try #require(tensors["output"])
  }

  private func refusal(
    _ model: String, _ settings: [String] = [], weights: String? = nil, input: String,
    output: String = "y.safetensors",
    _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: MartletError.self, sourceLocation: sourceLocation) {
      try run(model, settings, weights: weights, input: input, output: output)
    }
    for word in words {
      #expect(
        error?.description.contains(word) == true, "\(String(describing: error))",
        sourceLocation: sourceLocation)
    }
  }

  @Test("of an architecture by name, of a YAML file, and of a weights file that says what it is of")
  func sources() throws {
    let network = try network()
    let weights = try save(network.stateDict, "w.safetensors")
    let image = try Tensor.uniform(TensorType([2, 1, 6, 4]), from: -1, to: 1, seed: 3, stream: 1)
    let input = try save(["anything": image], "x.safetensors")
    let expected = try Predictor.borrowing { [try network($0[0])] }(image).scalars(Float.self)

    let byName = try run("unet", settings, weights: weights, input: input)
    #expect(byName.shape == [2, 3, 6, 4])
    #expect(try byName.scalars(Float.self) == expected)

    let yaml = "base-channels: 7\ndepth: 1\nclasses: [a, b, c]\nweights: \(weights)\n"
    try Data(yaml.utf8).write(to: folder.appending(path: "run.yaml"))
    #expect(try run(path("run.yaml"), ["base-channels=2"], input: input).scalars(Float.self) == expected)
    refusal(path("run.yaml"), input: input, "w.safetensors does not fit the model")

    let description = try SegmentationConfigurationFixture.description(of: network)
    try saveSafetensors(
      network.stateDict, metadata: description.metadata, to: folder.appending(path: "m.safetensors"))
    #expect(try run(path("m.safetensors"), input: input).scalars(Float.self) == expected)
    let others = try save(withSeed(6) { try UNet(network.configuration) }.stateDict, "o.safetensors")
    #expect(try run(path("m.safetensors"), weights: others, input: input).scalars(Float.self) != expected)
    refusal(path("m.safetensors"), ["depth=1"], input: input, "expected no --set")
    refusal(weights, input: input, "does not say what network")
  }

  @Test("of a recommender: scores of items for histories")
  func histories() throws {
    var sizes = SequenceModelSizes(itemCount: 4)
    sizes.maximumLength = 3
    sizes.hiddenSize = 4
    sizes.innerSize = 4
    var description = RecommendationModelDescription(model: "sasrec", items: ["a", "b", "c", "d"])
    description.sasrec = sizes
    let network = try description.makeNetwork()
    try saveSafetensors(
      network.stateDict, metadata: description.metadata, to: folder.appending(path: "r.safetensors"))
    let items: [Int64] = [1, 2, 3, 4, 0, 0]
    let input = try save(["input": Tensor(shape: [2, 3], scalars: items)], "x.safetensors")
    let lengths = try Tensor(shape: [2], scalars: [Int32(3), 1])
    let types = [TensorType([2, 3], .int32), lengths.type]
    let function = try Function(types) {
      [try network.scores(network.represent(items: $0[0], lengths: $0[1]))]
    }
    let expected = try function([Tensor(shape: [2, 3], scalars: items.map { Int32($0) }), lengths])[0]
    let got = try run(path("r.safetensors"), input: input)
    #expect(got.shape == [2, 5])
    #expect(try got.scalars(Float.self) == expected.scalars(Float.self))
    for wrong: [Int64] in [[0, 1, 2], [1, 0, 2], [5, 1, 1], [-1, 1, 1], [1 << 40, 1, 1], [0, 0, 0]] {
      let input = try save(["x": Tensor(shape: [1, 3], scalars: wrong)], "x.safetensors")
      refusal(path("r.safetensors"), input: input, "expected items from 1 to 4")
    }
    let short = try save(["x": Tensor(shape: [1, 2], scalars: [Int64(1), 1])], "x.safetensors")
    refusal(path("r.safetensors"), input: short, "whole numbers [N, 3]")
  }

  @Test("not of what is no input")
  func badInput() throws {
    let weights = try save(network().stateDict, "w.safetensors")
    let image = try Tensor.zeros([1, 1, 4, 4])
    func refuse(_ tensors: [String: Tensor], _ words: String) throws {
      refusal("unet", settings, weights: weights, input: try save(tensors, "x.safetensors"), words)
    }
    try refuse([:], "expected a tensor in")
    try refuse(["a": image, "b": image], "got 2: a, b")
    #expect(
      try run("unet", settings, weights: weights, input: save(["a": image, "input": image], "x.safetensors"))
        .shape == [
          1, 3, 4, 4,
        ])
    try refuse(["a": image.cast(to: .int64)], "expected a of")
    try refuse(["a": image.cast(to: .float64)], "got F64")
    try refuse(
      ["a": Tensor.zeros([1, 3, 4, 4])],
      "encoder.0.conv1.weight: expected shape [2, 3, 3, 3], got [2, 1, 3, 3]")
    try refuse(["a": Tensor.zeros([1, 1, 5, 4])], "height 5 does not fit")
    try refuse(["a": Tensor.zeros([4])], "channels behind its batch")
    try refuse(["a": Tensor.zeros([1, 1, 4])], "expected images")
    try refuse(["a": Tensor.zeros([1, 0, 4, 4])], "at least 1 input channel")
    let input = try save(["a": image], "x.safetensors")
    refusal("unet", settings, input: input, "expected --weights")
    refusal("unte", input: input, "got unte, which does not exist", "unet")
    refusal("unet", ["depht=1"], weights: weights, input: input, "unknown key depht", "depth")
    refusal("unet", ["depth=deep"], weights: weights, input: input, "depth: expected a whole number")
    refusal("unet", ["depth"], weights: weights, input: input, "expected --set KEY=VALUE, got depth")
    refusal("unet", ["classes=many"], weights: weights, input: input, "expected a whole number as classes")
    refusal("unet", ["padding=some"], weights: weights, input: input, "padding: expected same, valid")
    refusal(
      "unet", settings, weights: weights, input: input, output: "x.safetensors", "expected another file")
    refusal(
      "unet", settings, weights: weights, input: input, output: "w.safetensors", "expected another file")
    refusal(path(""), weights: weights, input: input, "expected another file")
  }
}

enum SegmentationConfigurationFixture {
  static func description(of network: UNet) throws -> SegmentationModelDescription {
    var configuration = SegmentationConfiguration()
    configuration.network.baseChannels = network.configuration.baseChannels
    configuration.network.depth = network.configuration.depth
    return try configuration.modelDescription(
      inputChannels: network.inputChannels, classCount: network.classCount, options: .init(),
      normalization: .unit(channels: network.inputChannels))
  }
}
