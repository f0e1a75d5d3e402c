import Foundation
import Martlet
import MartletData
import MartletInterchange
import Testing

@Suite("Weights from PyTorch on the command line", .serialized)
struct WeightsCommandTests {
  static let unet = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/pytorch/unet.pt").path
  let shape = ["--base-channels", "3", "--depth", "2"]

  @Test("train from a .pt file, with another head and other channels")
  func train() throws {
    let scratch = try Scratch()
    try scratch.cells()
    // Grey images and two classes; the weights are for colour and three.
    for i in 1...6 {
      let file = URL(filePath: scratch.path("cells/images/cell_000\(i).png"))
      guard case .uint8(let samples) = try Image(contentsOf: file).convertedToRGB().samples else { continue }
      let grey = stride(from: 0, to: samples.count, by: 3).map { samples[$0] }
      try Image(width: 32, height: 32, channels: 1, samples: .uint8(grey)).write(to: file.path)
    }
    let start = scratch.trainArguments("run", epochs: 1) + shape + ["--weights", Self.unet]
    try expectRefusal(
      start,
      mentioning: ["unet.pt does not fit the model", "encoder.0.conv1.weight: expected shape", "head.bias"])
    try expectRefusal(start + ["--reset", "head"], mentioning: ["encoder.0.conv1.weight"])
    try expectRefusal(start + ["--adapt-input", "--reset", "haed"], mentioning: ["haed", "head"])
    try expectRefusal(
      scratch.trainArguments("run") + ["--reset", "head"], mentioning: ["reset: expected weights"])
    try expectRefusal(
      scratch.trainArguments("run") + ["--adapt-input"], mentioning: ["adapt-input: expected weights"])
    #expect(!FileManager.default.fileExists(atPath: scratch.path("run")))
    let result = try Program.run(start + ["--reset", "head", "--adapt-input"])
    try #require(result.status == 0, "\(result.errors)")
    let yaml = try String(contentsOfFile: scratch.path("run/config.yaml"), encoding: .utf8)
    #expect(yaml.contains("adapt-input: true"))
    #expect(yaml.contains("reset:\n- head"))
    try expectRefusal(
      ["predict", Self.unet, scratch.path("cells/images/cell_0001.png"), "--output", scratch.path("m")],
      mentioning: ["unet.pt", "does not say what network"])
  }

  @Test("run a network on a tensor")
  func run() throws {
    let scratch = try Scratch()
    let image = try Tensor.uniform(TensorType([1, 3, 8, 8]), from: 0, to: 1, seed: 1, stream: 1)
    try saveSafetensors(["x": image], to: URL(filePath: scratch.path("x.safetensors")))
    var start = [
      "run", "unet", "--input", scratch.path("x.safetensors"), "--output", scratch.path("y.safetensors"),
    ]
    let settings = ["--set", "base-channels=3", "--set", "depth=2", "--set", "classes=3"]
    let result = try Program.run(start + ["--weights", Self.unet, "--numerics", "direct"] + settings)
    try #require(result.status == 0, "\(result.errors)")
    let output = try loadSafetensors(URL(filePath: scratch.path("y.safetensors")))
    #expect(output["output"]?.shape == [1, 3, 8, 8])
    try expectRefusal(
      start + ["--weights", Self.unet] + settings, mentioning: ["y.safetensors is there already; --overwrite"]
    )
    start.append("--overwrite")
    #expect(try Program.run(start + ["--weights", Self.unet] + settings).status == 0)
    try expectRefusal(
      start + ["--weights", Self.unet], mentioning: ["does not fit the model", "and 34 more missing"])
    try expectRefusal(start + settings, mentioning: ["expected --weights"])
    for key in ["epochs=3", "images=a"] {
      try expectRefusal(
        start + ["--weights", Self.unet] + settings + ["--set", key],
        mentioning: ["expected keys of the network with --set", "changes nothing"])
    }
    try expectRefusal(start + ["--weights", scratch.path("none.pt")], mentioning: ["none.pt"])
  }
}
