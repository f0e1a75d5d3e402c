import Martlet
import MartletModels
import Testing

@Suite("Options of networks")
struct NetworkOptionTests {
  private func refusal(_ name: String, _ set: (inout NetworkOptions) -> Void) -> String {
    var options = NetworkOptions()
    set(&options)
    let error = #expect(throws: MartletError.self) {
      try Architecture.named(name, options).make(channels: 3, classes: 2, options)
    }
    return error?.description ?? ""
  }

  @Test("that an architecture does not have are refused, with what it is called")
  func strangers() {
    #expect(
      refusal("unet") { ($0.encoder, $0.baseChannels) = (.resnet18, 4) }
        == "[model] unet with an encoder has no base-channels: it has encoder, encoder-depth, decoder-channels"
    )
    #expect(
      refusal("unet++") { $0.encoderDepth = 4 }.hasPrefix(
        "[model] unet++ without an encoder has no encoder-depth: it has base-channels, "))
    #expect(refusal("fpn") { $0.axes = 3 }.hasPrefix("[model] fpn has no axes: it has encoder, "))
  }

  @Test("that cannot be are refused, whatever else is chosen", arguments: [nil, 8, 16, 32])
  func dilation(_ stride: Int?) {
    #expect(
      refusal("deeplabv3+") { ($0.encoder, $0.outputStride) = (.vgg16, stride) }
        == "[deeplabv3+] expected an encoder other than a VGG, whose pooling cannot be dilated, got vgg16")
  }
}
