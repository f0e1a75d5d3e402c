import Foundation
import Martlet
import Testing

@testable import MartletONNX

@Suite("Networks that PyTorch exported")
struct ExportedNetworkTests {
  @Test(arguments: ["residual", "u-shaped"], ["legacy", "plain", "dynamo"])
  func theyGiveWhatONNXRuntimeGives(_ name: String, _ kind: String) throws {
    let fixture = try Fixture("onnx_networks")
    let model = try fixture.model("\(name)/model.\(kind)")
    let inputs = ["image": try fixture["\(name)/input.image"]]
    let expected = try fixture["\(name)/output.scores"]
    for results in [try model(inputs), try model.recorded(for: inputs)(inputs)] {
      let got = try #require(results["scores"])
      #expect(try excess(got, expected, absolute: 1e-5, relative: 1e-5) <= 1)
    }
  }

  @Test(arguments: ["residual", "u-shaped"], ["legacy", "plain", "dynamo"])
  func nothingIsMovedBetweenLayouts(_ name: String, _ kind: String) throws {
    let fixture = try Fixture("onnx_networks")
    let model = try fixture.model("\(name)/model.\(kind)")
    let image = try fixture["\(name)/input.image"]
    let recorded = try model.recorded(for: ["image": image]).function.recorded
    // The image itself comes row by row and is moved once.
    let moves = recorded.nodes.filter { ["relayout", "permute"].contains($0.operation.name) }
    #expect(moves.count == 1, "\(recorded.nodes.map(\.operation.name))")
    let last = try #require(recorded.outputs.first)
    #expect(recorded.type(of: last).rank == 2 || recorded.type(of: last).layout == .channelsLast)
  }

  @Test func anotherSizeWorksWhereTheFileLeavesItOpen() throws {
    let fixture = try Fixture("onnx_networks")
    let model = try fixture.model("u-shaped/model.legacy")
    #expect(model.inputs[0].description == "float32[n, 3, h, w]")
    #expect(try model.run(.ones([1, 3, 20, 16])).shape == [1, 2, 20, 16])
  }
}
