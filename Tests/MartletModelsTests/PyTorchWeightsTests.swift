import Foundation
import Martlet
import MartletInterchange
import MartletModels
import Testing

@Suite("PyTorch's weights")
struct PyTorchWeightsTests {
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  @Test("give a U-Net the same bytes as .pt and as safetensors")
  func sameBytes() throws {
    let prefix = "same_norm_transposed/"
    let tensors = try loadSafetensors(Self.fixtures.appending(path: "models.safetensors"))
    let state = tensors.filter { $0.key.hasPrefix(prefix + "state/") }
      .map { (String($0.key.dropFirst(prefix.count + 6)), $0.value) }
    var configuration = UNet.Configuration()
    configuration.baseChannels = 3
    configuration.depth = 2
    configuration.classCount = 3
    let input = try #require(tensors[prefix + "input"])
    func logits(_ state: [String: Tensor]) throws -> [Float] {
      let network = try UNet(configuration)
      try network.loadStateDict(state)
      let predict = try Function([input.type]) { [try network($0[0])] }
      return try predict([input])[0].scalars()
    }
    let expected = try logits(Dictionary(uniqueKeysWithValues: state))
    let got = try logits(loadWeights(Self.fixtures.appending(path: "pytorch/unet.pt")))
    #expect(got.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test(
    "of a first convolution become those for other channels as in segmentation_models_pytorch",
    arguments: [1, 2, 4, 5, 7])
  func channels(_ count: Int) throws {
    let tensors = try loadSafetensors(Self.fixtures.appending(path: "pytorch/expected.safetensors"))
    let weight = try #require(tensors["channels/3"])
    let expected = try #require(tensors["channels/\(count)"])
    let got = try weight.adaptedInputChannels(count)
    #expect(got.shape == expected.shape)
    // Equal but for the order in which three numbers are added, each sum within half a unit of the largest partial sum.
    let sizes = try weight.abs().adaptedInputChannels(count).scalars(Float.self)
    let pairs = try zip(got.scalars(Float.self), expected.scalars(Float.self))
    let differences = pairs.enumerated().filter { i, pair in
      abs(pair.0 - pair.1) > (count == 1 ? 2 * sizes[i].ulp : 0)
    }
    #expect(differences.isEmpty)
  }
}
