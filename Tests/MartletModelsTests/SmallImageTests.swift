import Martlet
import MartletModels
import Testing

@Suite("Small images")
struct SmallImageTests {
  private func network(_ encoder: EncoderName, depth: Int = 5) throws -> any SegmentationModel {
    var options = NetworkOptions()
    options.encoder = encoder
    options.encoderDepth = depth
    options.decoderChannels = [Int](repeating: 4, count: depth)
    return try withoutInitialValues {
      try Architecture.named("unet", options).make(channels: 3, classes: 2, options)
    }
  }

  @Test("are taken by U-Net over every encoder, of whatever size", arguments: EncoderName.allCases)
  func anySize(_ encoder: EncoderName) throws {
    for depth in [2, 5] {
      let network = try network(encoder, depth: depth)
      for size in [[1, 1], [20, 40], [31, 33]] {
        let recorded = try Function([TensorType([1, 3] + size)]) { [try network.logits($0[0])] }.recorded
        #expect(recorded.type(of: recorded.outputs[0]).shape == [1, 2] + size, "\(depth), \(size)")
      }
    }
  }

  @Test("are continued where an encoder's halvings leave nothing of them, and there alone")
  func fits() throws {
    for (encoder, depth, smallest) in [
      (EncoderName.vgg11, 5, 32), (.vgg16BN, 3, 8), (.efficientNetB0, 5, 32), (.efficientNetB1, 4, 16),
    ] {
      let network = try network(encoder, depth: depth)
      let (side, missing) = (smallest - 3, 3)
      #expect(
        network.fit([side, 40]) == InputFit(before: [missing / 2, 0], after: [missing - missing / 2, 0]),
        "\(encoder)")
      #expect(network.fit([smallest, smallest + 1]) == .exact([smallest, smallest + 1]), "\(encoder)")
      let error = #expect(throws: MartletError.self) {
        try Function([TensorType([1, 3, side, 40])]) { [try network($0[0])] }
      }
      #expect(
        error?.description
          == "[unet] expected sizes of \(smallest) or more, got [\(side), 40]: pad to [\(smallest), 40]")
    }
    #expect(try network(.resnet18).fit([1, 20]) == .exact([1, 20]))
    #expect(try network(.mobileNetV2).fit([1, 20]) == .exact([1, 20]))
  }
}
