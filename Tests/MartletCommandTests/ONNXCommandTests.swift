import Foundation
import Martlet
import MartletInterchange
import Testing

@Suite("ONNX models on the command line", .serialized)
struct ONNXCommandTests {
  private let scratch: Scratch
  private let network: [String: Tensor]

  init() throws {
    scratch = try Scratch()
    let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/onnx_networks.safetensors")
    network = try loadSafetensors(fixture)
    try Data(#require(network["residual/model.plain"]).scalars(UInt8.self))
      .write(to: URL(filePath: scratch.path("net.onnx")))
    try saveSafetensors(
      ["image": #require(network["residual/input.image"])], to: URL(filePath: scratch.path("x.safetensors")))
  }

  @Test("a model is looked into, and its weights taken out")
  func importing() throws {
    let result = try Program.run([
      "import", scratch.path("net.onnx"), "--output", scratch.path("w.safetensors"),
    ])
    try #require(result.status == 0, "\(result.errors)")
    for words in [
      "operators of version 17", "input       image  float32[n, 3, h, w]",
      "output      scores  float32[n, 5]",
      "Conv 5, BatchNormalization 3",
    ] { #expect(result.output.contains(words), "\(result.output)") }
    let weights = try loadSafetensors(URL(filePath: scratch.path("w.safetensors")))
    #expect(weights["stem.weight"]?.shape == [8, 3, 3, 3])
    #expect(weights["bn.running_mean"]?.shape == [8])
    let learnt = weights.filter { !$0.key.contains("running_") && $0.value.rank > 0 }
    let count = learnt.reduce(0) { $0 + $1.value.elementCount }
    #expect(result.output.contains("parameters  \(count)\n"), "\(count): \(result.output)")
    try expectRefusal(
      ["import", scratch.path("net.onnx"), "--output", scratch.path("net.onnx")],
      mentioning: ["expected another file for the results"])
    let written = try scratch.data("w.safetensors")
    try expectRefusal(
      ["import", scratch.path("net.onnx"), "--output", scratch.path("w.safetensors")],
      mentioning: ["is there already"])
    #expect(try scratch.data("w.safetensors") == written)
    let again = try Program.run([
      "import", scratch.path("net.onnx"), "--output", scratch.path("w.safetensors"), "--overwrite",
    ])
    #expect(again.status == 0)
  }

  @Test("a model runs on saved tensors")
  func running() throws {
    let run = [
      "run", scratch.path("net.onnx"), "--overwrite", "--output", scratch.path("y.safetensors"), "--input",
    ]
    let result = try Program.run(run + [scratch.path("x.safetensors")])
    try #require(result.status == 0, "\(result.errors)")
    let scores = try loadSafetensors(URL(filePath: scratch.path("y.safetensors")))
    let expected = try #require(network["residual/output.scores"]).scalars(Float.self)
    let got = try #require(scores["scores"]).scalars(Float.self)
    #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    try saveSafetensors(
      ["a": .ones([1, 3, 17, 20]), "b": .ones([1])], to: URL(filePath: scratch.path("two.safetensors")))
    try expectRefusal(
      run + [scratch.path("two.safetensors")], mentioning: ["expected the tensors image in", "got a, b"])
    try saveSafetensors(
      ["image": .ones([1, 4, 17, 20])], to: URL(filePath: scratch.path("four.safetensors")))
    try expectRefusal(
      run + [scratch.path("four.safetensors")],
      mentioning: ["input image: expected float32[n, 3, h, w], got float32[1, 4, 17, 20]"])
    try expectRefusal(
      run + [scratch.path("x.safetensors"), "--set", "classes=2"], mentioning: ["expected no --set"])
  }

  @Test("files that cannot be run")
  func refusing() throws {
    try Data("no model".utf8).write(to: URL(filePath: scratch.path("text.onnx")))
    try expectRefusal(
      ["import", scratch.path("text.onnx")], mentioning: ["text.onnx: expected an ONNX model"])
    try expectRefusal(["import", scratch.path("none.onnx")], mentioning: ["none.onnx"])
    #expect(try Program.run(["import"]).status != 0)
    let bytes = try #require(network["residual/model.plain"]).scalars(UInt8.self)
    // An operator of the same length that does not exist.
    var damaged = bytes
    let name = Array("LeakyRelu".utf8)
    let start = try #require(
      damaged.indices.first { damaged[$0...].starts(with: name) && damaged[$0 - 2] == 0x22 })
    damaged.replaceSubrange(start..<start + name.count, with: Array("LeakyRule".utf8))
    try Data(damaged).write(to: URL(filePath: scratch.path("damaged.onnx")))
    let result = try Program.run(["import", scratch.path("damaged.onnx")])
    #expect(result.status == 2)
    #expect(result.output.contains("LeakyRule (node"), "\(result.output)")
    #expect(result.errors.contains("1 node cannot be run"), "\(result.errors)")
  }

  @Test("the list of operators")
  func operators() throws {
    let result = try Program.run(["import", "--operators"])
    #expect(result.status == 0)
    #expect(result.output.contains("\nUpsample"), "\(result.output)")
    #expect(result.output.split(separator: "\n").count > 130)
  }
}
