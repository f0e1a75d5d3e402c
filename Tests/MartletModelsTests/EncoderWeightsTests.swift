import Martlet
import MartletModels
import Testing

@Suite("Weights for an encoder alone")
struct EncoderWeightsTests {
  private func network(_ encoder: EncoderName?, channels: Int = 3, seed: UInt64 = 1) throws
    -> any SegmentationModel
  {
    var options = NetworkOptions()
    options.encoder = encoder
    if encoder == nil { options.baseChannels = 4 }
    return try withSeed(seed) {
      try Architecture.named("unet", options).make(channels: channels, classes: 2, options)
    }
  }

  private func values(_ network: any SegmentationModel, _ name: String) throws -> [Float] {
    try #require(network.stateDict[name]).scalars(Float.self)
  }

  /// What torchvision's classification network of the same name has.
  private func classifier(_ network: any SegmentationModel, head: String) throws -> [String: Tensor] {
    var state = Dictionary(
      uniqueKeysWithValues: network.stateDict.filter { $0.key.hasPrefix("encoder.") }
        .map { (String($0.key.dropFirst(8)), $0.value) })
    state["\(head).weight"] = try .zeros([10, 512])
    state["\(head).bias"] = try .zeros([10])
    return state
  }

  @Test("come from a classification network, whose classifier is left out")
  func classification() throws {
    let source = try network(.resnet18, seed: 1)
    let target = try network(.resnet18, seed: 2)
    let decoder = try values(target, "decoder.blocks.0.conv1.0.weight")
    try target.loadEncoderStateDict(classifier(source, head: "fc"))
    for name in ["encoder.conv1.weight", "encoder.layer4.1.bn2.running_var", "encoder.layer3.0.conv2.weight"]
    {
      #expect(try values(target, name) == values(source, name))
    }
    #expect(try values(target, "decoder.blocks.0.conv1.0.weight") == decoder)
  }

  @Test("come from another network with the encoder")
  func segmentation() throws {
    let source = try network(.vgg11BN, seed: 1)
    let target = try SegNet(
      {
        var configuration = SegNet.Configuration()
        configuration.encoder = .vgg11BN
        return configuration
      }())
    try target.loadEncoderStateDict(source.stateDict)
    #expect(
      try values(target, "encoder.features.0.weight") == values(source, "encoder.features.0.weight"))
  }

  @Test("are made for another number of channels on request only")
  func channels() throws {
    let state = try classifier(network(.resnet18), head: "fc")
    let grey = try network(.resnet18, channels: 1, seed: 2)
    let error = #expect(throws: MartletError.self) { try grey.loadEncoderStateDict(state, source: "file") }
    #expect(error?.message.contains("conv1.weight: expected shape [64, 1, 7, 7], got [64, 3, 7, 7]") == true)
    try grey.loadEncoderStateDict(state, adaptInputChannels: true)
    let whole = try #require(state["conv1.weight"]).sum(axes: [1], keepDimensions: true).scalars(Float.self)
    #expect(try values(grey, "encoder.conv1.weight") == whole)
  }

  @Test("of another encoder, or for a network without one, are refused")
  func refusals() throws {
    let state = try classifier(network(.resnet34), head: "fc")
    let error = #expect(throws: MartletError.self) {
      try network(.resnet18).loadEncoderStateDict(state, source: "resnet34.pth")
    }
    #expect(
      error?.message.contains("resnet34.pth") == true
        && error?.message.contains("unexpected layer1.2") == true)
    let none = #expect(throws: MartletError.self) { try network(nil).loadEncoderStateDict(state) }
    #expect(none?.message.contains("no encoder") == true)
  }
}
