import Foundation
import Martlet
import Testing

@testable import MartletONNX

@Suite("Tensors outside of the file")
struct ExternalDataTests {
  private let folder: TemporaryFolder
  private var inside: URL { folder.url.appendingPathComponent("model") }

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
    let elements: [Float] = [0, -10, 0, 1, 7]
    for place in [inside.appendingPathComponent("data.bin"), folder.url.appendingPathComponent("secret.bin")]
    {
      try elements.withUnsafeBytes { Data($0) }.write(to: place)
    }
  }

  private func wire(_ entries: [String: String]) -> WireModel {
    var wire = smallModel()
    wire.graph.initializer[1].floatData = []
    wire.graph.initializer[1].dataLocation = .external
    wire.graph.initializer[1].externalData = entries.map { key, value in
      var entry = WireStringEntry()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    return wire
  }

  @Test func theyAreReadFromTheModelsFolder() throws {
    let file = inside.appendingPathComponent("model.onnx")
    let wire = wire(["location": "data.bin", "offset": "4", "length": "12", "checksum": "ignored"])
    try (wire.serializedBytes() as Data).write(to: file)
    let model = try ONNXModel(contentsOf: file)
    #expect(try model.stateDict["bias"]?.scalars() == [-10, 0, 1] as [Float])
  }

  @Test func theLengthMayBeLeftOut() throws {
    let model = try wire(["location": "./data.bin", "offset": "8"]).load(folder: inside)
    #expect(try model.stateDict["bias"]?.scalars() == [0, 1, 7] as [Float])
  }

  @Test func placesOutsideAreRefused() throws {
    let link = inside.appendingPathComponent("link.bin")
    try FileManager.default.createSymbolicLink(
      at: link, withDestinationURL: folder.url.appendingPathComponent("secret.bin"))
    let secret = folder.url.appendingPathComponent("secret.bin").path
    for location in ["../secret.bin", secret, "link.bin", "a/../../secret.bin", "..", ""] {
      expect(
        wire(["location": location, "offset": "4", "length": "12"]).refusal(folder: inside),
        says: "initializer bias", "expected")
    }
    expect(
      wire(["location": "link.bin", "offset": "4", "length": "12"]).refusal(folder: inside),
      says: "expected external data in the model's folder, got link.bin")
  }

  @Test(arguments: [
    ["offset": "12", "length": "12"], ["offset": "4", "length": "11"], ["offset": "-4", "length": "12"],
    ["offset": "9223372036854775807", "length": "12"], ["offset": "4", "length": "9223372036854775807"],
    ["offset": "x"], ["offset": "99999999999999999999"], [:],
  ])
  func rangesAreChecked(_ range: [String: String]) {
    let entries = range.merging(["location": "data.bin"]) { $1 }
    expect(wire(entries).refusal(folder: inside), says: "initializer bias", "expected")
  }

  @Test func whatIsNoFileIsRefused() {
    for location in ["missing.bin", "."] {
      expect(
        wire(["location": location, "length": "12"]).refusal(folder: inside), says: "[onnx]")
    }
    expect(wire(["location": "data.bin"]).refusal(), says: "a model without a folder")
  }
}
