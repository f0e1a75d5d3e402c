import Foundation
import Martlet
import MartletInterchange
import MartletModels
import MartletONNX
import Testing

@testable import MartletTraining

@Suite("A network is exported with what its use takes")
struct NetworkExportTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "martlet-export-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func weights(_ set: (inout UNet.Configuration) -> Void = { _ in }) throws -> String {
    var configuration = UNet.Configuration()
    (configuration.baseChannels, configuration.depth, configuration.classCount) = (2, 2, 3)
    set(&configuration)
    let network = try withSeed(5) { try UNet(configuration) }
    try saveSafetensors(network.stateDict, to: folder.appending(path: "w.safetensors"))
    return path("w.safetensors")
  }

  private func export(
    _ settings: [String] = [], _ set: (inout NetworkExport) -> Void = { _ in }
  ) throws -> ONNXModel {
    var export = NetworkExport(model: "unet", output: path("m.onnx"))
    export.overwrites = true
    export.settings = ["base-channels=2", "depth=2", "classes=3"] + settings
    export.version = "9"
    set(&export)
    let summary = try export.run()
    #expect(summary.fixedAxes.isEmpty)
    return try ONNXModel(contentsOf: folder.appending(path: "m.onnx"))
  }

  @Test("classes, normalisation, order and sizes of a segmentation network")
  func metadata() throws {
    let weights = try weights()
    let model = try export { $0.weights = weights }
    let metadata = model.metadata
    #expect(metadata["martlet.task"] == "segmentation")
    #expect(metadata["martlet.model"] == "unet")
    #expect(metadata["martlet.output"] == "logits")
    #expect(metadata["martlet.classes"] == #"["0","1","2"]"#)
    #expect(metadata["martlet.input.order"] == "NCHW")
    #expect(metadata["martlet.input.channels"] == "RGB")
    #expect(metadata["martlet.input.mean"] == "[0,0,0]")
    #expect(metadata["martlet.input.std"] == "[1,1,1]")
    #expect(metadata["martlet.input.size.multiple"] == "4")
    #expect(metadata["martlet.input.size.offset"] == "0")
    #expect(metadata["martlet.input.size.smallest"] == "4")
    #expect(metadata["martlet.output.margin"] == "0")
    #expect(metadata["martlet.segmentation"]?.contains(#""baseChannels":2"#) == true)
    #expect(model.producer.contains("martlet") && model.producer.contains("9"))
  }

  @Test("sizes of any number of pixels can have a smallest")
  func smallestSize() throws {
    var configuration = EncoderUNet.Configuration()
    (configuration.encoder, configuration.encoderDepth, configuration.decoderChannels) = (
      .vgg11, 3, [4, 4, 4]
    )
    let rule = SizeRule(try EncoderUNet(configuration))
    #expect(rule.smallest == 8 && rule.step == 1 && rule.margin == 0)
    #expect(rule.size(atLeast: 5) == 8 && rule.size(atLeast: 21) == 21)
  }

  @Test("a network without padding says what it takes and how much smaller its output is")
  func validPadding() throws {
    let weights = try weights { $0.padding = .valid }
    let model = try export(["padding=valid"]) { $0.weights = weights }
    #expect(model.metadata["martlet.input.size.multiple"] == "4")
    #expect(model.metadata["martlet.output.margin"] == "40")
    let offset = try #require(model.metadata["martlet.input.size.offset"].flatMap { Int($0) })
    let images = try Tensor.zeros([1, 3, 48 + offset, 52 + offset])
    #expect(try model(["image": images])["logits"]?.shape == [1, 3, 8 + offset, 12 + offset])
  }

  @Test("probabilities and labels are of the logits")
  func results() throws {
    let weights = try weights()
    let images = try Tensor.uniform(TensorType([2, 3, 8, 12]), from: -1, to: 1, seed: 3, stream: 1)
    let whole = try export { $0.weights = weights }(["image": images])
    let logits = try #require(whole["logits"])
    let probabilities = try export {
      $0.weights = weights
      $0.result = .probabilities
    }(["image": images])["probabilities"]
    let expected = try logits.softmax(axis: 1).scalars(Float.self)
    let given = try #require(probabilities).scalars(Float.self)
    #expect(zip(given, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    let labels = try export {
      $0.weights = weights
      $0.result = .labels
    }(["image": images])["labels"]
    #expect(labels?.shape == [2, 8, 12])
    #expect(try labels?.scalars(Int64.self) == logits.argmax(axis: 1).scalars(Int64.self))
  }

  @Test("a batch and a size that are to be fixed are")
  func fixed() throws {
    let weights = try weights()
    let model = try export {
      $0.weights = weights
      $0.batch = 2
      $0.size = [8, 12]
    }
    #expect(model.operatorCounts["Shape"] == nil)
    #expect(try model(["image": .zeros([2, 3, 8, 12])])["logits"]?.shape == [2, 3, 8, 12])
    #expect(throws: MartletError.self) { try model(["image": .zeros([1, 3, 8, 12])]) }
  }

  @Test("options that do not fit are refused by name")
  func refusals() throws {
    let weights = try weights()
    func refusal(
      _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
      _ set: (inout NetworkExport) -> Void
    ) {
      let error = #expect(throws: MartletError.self, sourceLocation: sourceLocation) {
        try export {
          $0.weights = weights
          set(&$0)
        }
      }
      for word in words {
        #expect(
          error?.description.contains(word) == true, "\(String(describing: error))",
          sourceLocation: sourceLocation)
      }
    }
    refusal("size of height, width", "[8]") { $0.size = [8] }
    refusal("height 9", "pad it to 12") { $0.size = [9, 8] }
    refusal("batch of 1 or more", "got 0") { $0.batch = 0 }
    refusal("17 to 22", "got 99") { $0.opset = 99 }
    refusal("expected shape", "[2, 3, 3, 3]") { $0.channels = 2 }
    refusal("expected --weights") { $0.weights = nil }
    refusal("another file", "w.safetensors") { $0.output = weights }
    refusal("an empty name") { $0.output = "" }
    #expect(!FileManager.default.fileExists(atPath: path("m.onnx")))
  }

  @Test("names, padding and length of a recommender")
  func recommender() throws {
    var sizes = SequenceModelSizes(itemCount: 5)
    (sizes.maximumLength, sizes.hiddenSize, sizes.innerSize) = (6, 4, 8)
    let network = try withSeed(3) { try SASRec(sizes) }
    var description = RecommendationModelDescription(model: "sasrec", items: ["a", "b\"", "c", "d", "é"])
    description.sasrec = sizes
    try saveSafetensors(
      network.stateDict, metadata: description.metadata, to: folder.appending(path: "r.safetensors"))
    try NetworkExport(model: path("r.safetensors"), output: path("r.onnx")).run()
    let model = try ONNXModel(contentsOf: folder.appending(path: "r.onnx"))
    #expect(model.metadata["martlet.task"] == "recommendation")
    #expect(model.metadata["martlet.items.names"] == #"["a","b\"","c","d","é"]"#)
    #expect(model.metadata["martlet.items.count"] == "5")
    #expect(model.metadata["martlet.items.length"] == "6")
    let items = try Tensor(shape: [2, 6], scalars: [1, 2, 3, 0, 0, 0, 5, 4, 3, 2, 1, 1].map { Int64($0) })
    let lengths = try Tensor(shape: [2], scalars: [3, 6].map { Int32($0) })
    let expected = try network.scores(network.represent(items: items, lengths: lengths)).scalars(Float.self)
    let result = try model(["items": items])
    let given = try #require(result["scores"]).scalars(Float.self)
    #expect(zip(given, expected).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}
