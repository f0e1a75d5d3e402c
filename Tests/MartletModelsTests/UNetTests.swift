import Foundation
import Martlet
import MartletInterchange
import MartletModels
import Testing

@Suite("U-Net")
struct UNetTests {
  static let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/models.safetensors")

  static let configurations: [(name: String, change: @Sendable (inout UNet.Configuration) -> Void)] = [
    ("same_norm_transposed", { _ in }),
    ("same_norm_bilinear", { $0.upsampling = .bilinear }),
    ("same_plain_transposed", { $0.batchNorm = false }),
    (
      "same_plain_bilinear",
      {
        $0.batchNorm = false
        $0.upsampling = .bilinear
      }
    ),
    ("valid_norm_transposed", { $0.padding = .valid }),
    (
      "valid_plain_transposed",
      {
        $0.padding = .valid
        $0.batchNorm = false
      }
    ),
    (
      "valid_plain_transposed_odd",
      {
        $0.padding = .valid
        $0.batchNorm = false
      }
    ),
    (
      "valid_norm_bilinear",
      {
        $0.padding = .valid
        $0.upsampling = .bilinear
      }
    ),
    (
      "deep_grey",
      {
        $0.depth = 3
        $0.inputChannels = 1
        $0.classCount = 5
      }
    ),
  ]

  private static func network(_ index: Int) throws -> UNet {
    var configuration = UNet.Configuration()
    configuration.baseChannels = 3
    configuration.depth = 2
    configuration.classCount = 3
    configurations[index].change(&configuration)
    return try UNet(configuration)
  }

  @Test("takes PyTorch's weights by name and gives its logits", arguments: configurations.indices)
  func agreesWithPyTorch(_ index: Int) throws {
    let prefix = Self.configurations[index].name + "/"
    let tensors = try loadSafetensors(Self.fixture).filter { $0.key.hasPrefix(prefix) }
    let network = try Self.network(index)
    let state = tensors.filter { $0.key.hasPrefix(prefix + "state/") }
      .map { (String($0.key.dropFirst(prefix.count + 6)), $0.value) }
    try network.loadStateDict(Dictionary(uniqueKeysWithValues: state))
    let input = try #require(tensors[prefix + "input"])
    let expected = try #require(tensors[prefix + "logits"])
    let predict = try Function([input.type]) { [try network($0[0])] }
    let got = try predict([input])[0]
    #expect(got.shape == expected.shape)
    let scale = try expected.scalars(Float.self).map(abs).max() ?? 0
    for (a, b) in try zip(got.scalars(Float.self), expected.scalars(Float.self)) {
      #expect(abs(a - b) <= 1e-5 * scale)
    }
  }

  @Test("has the parameters of the publication")
  func parameterCount() throws {
    var configuration = UNet.Configuration()
    configuration.inputChannels = 1
    configuration.padding = .valid
    configuration.batchNorm = false
    let network = try UNet(configuration)
    #expect(network.parameterCount == 31_030_658)
    // The publication's figure 1: 572×572 gives 388×388.
    let function = try Function([TensorType([1, 1, 572, 572])]) { [try network($0[0])] }
    #expect(function.recorded.type(of: function.recorded.outputs[0]).shape == [1, 2, 388, 388])
  }

  @Test("takes images of any size, whatever its padding", arguments: [1, 7, 16, 33], [0, 4])
  func anySize(_ size: Int, _ index: Int) throws {
    let network = try Self.network(index)
    let image = try Tensor.full(0.5, TensorType([2, 3, size, size + 3]))
    let predict = try Function([image.type]) { [try network.logits($0[0])] }
    let logits = try predict([image])[0]
    #expect(logits.shape == [2, 3, size, size + 3])
    #expect(try logits.scalars(Float.self).allSatisfy(\.isFinite))
  }

  @Test("centres what it pads: an image of a fitting size is not moved")
  func fits() throws {
    let network = try Self.network(0)
    #expect(network.fit([16, 12]) == .exact([16, 12]))
    #expect(network.fit([17, 12]) == InputFit(before: [1, 0], after: [2, 0]))
    // Two levels down take 10 + 8 + … pixels a side with valid padding.
    let valid = try Self.network(4)
    let fit = valid.fit([4, 4])
    let side = 4 + fit.before[0] + fit.after[0]
    let function = try Function([TensorType([1, 3, side, side])]) { [try valid($0[0])] }
    let output = function.recorded.type(of: function.recorded.outputs[0]).shape
    #expect(fit.start[0] >= 0 && fit.start[0] + 4 <= output[2])
    #expect(fit.before[0] - fit.start[0] == (side - output[2]) / 2)
  }

  @Test("names the size to pad to")
  func sizeError() throws {
    let network = try Self.network(0)
    let error = #expect(throws: MartletError.self) { try network(Tensor.zeros([1, 3, 30, 32])) }
    #expect(
      error?.description
        == "[unet] height 30 does not fit 2 levels: pad it to 32 (1 before, 1 after)"
    )
    let channels = #expect(throws: MartletError.self) { try network(Tensor.zeros([1, 4, 32, 32])) }
    #expect(channels?.description == "[unet] expected images [N, 3, H, W], got [1, 4, 32, 32]")
  }
}
