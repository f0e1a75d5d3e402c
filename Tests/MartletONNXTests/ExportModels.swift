import Martlet
import MartletModels
import Testing

@testable import MartletONNX

/// A small network of every architecture, and how it is exported.
struct ExportedModel: CustomTestStringConvertible, Sendable {
  var name: String
  var axes = 2
  /// What sizes are multiples of, and the smallest.
  var multiple = 1
  var smallest = 32
  var make: @Sendable () throws -> any SegmentationModel
  var testDescription: String { name }

  init(
    _ name: String, _ architecture: String, axes: Int = 2, multiple: Int = 1, smallest: Int = 32,
    _ set: @escaping @Sendable (inout NetworkOptions) -> Void = { _ in }
  ) {
    self.name = name
    self.axes = axes
    self.multiple = multiple
    self.smallest = smallest
    make = {
      var options = NetworkOptions()
      set(&options)
      return try withSeed(7) {
        try Architecture.named(architecture, options).make(channels: 3, classes: 3, options)
      }
    }
  }

  static let all: [ExportedModel] = [
    ExportedModel("unet", "unet", multiple: 4) { ($0.baseChannels, $0.depth) = (4, 2) },
    ExportedModel("unet-plain", "unet", multiple: 4) {
      ($0.baseChannels, $0.depth, $0.batchNorm) = (4, 2, false)
    },
    ExportedModel("unet-valid", "unet", multiple: 4, smallest: 92) {
      ($0.baseChannels, $0.depth, $0.padding) = (4, 2, .valid)
    },
    ExportedModel("unet-bilinear", "unet", multiple: 4) {
      ($0.baseChannels, $0.depth, $0.upsampling) = (4, 2, .bilinear)
    },
    ExportedModel("unet-3d", "unet", axes: 3, multiple: 4, smallest: 8) {
      ($0.baseChannels, $0.depth, $0.axes) = (4, 2, 3)
    },
    ExportedModel("unet++", "unet++", multiple: 4) { ($0.baseChannels, $0.depth) = (4, 2) },
    ExportedModel("unet++-heads", "unet++", multiple: 4) {
      ($0.baseChannels, $0.depth, $0.deepSupervision) = (4, 2, true)
    },
    ExportedModel("unet++-3d", "unet++", axes: 3, multiple: 4, smallest: 8) {
      ($0.baseChannels, $0.depth, $0.axes) = (4, 2, 3)
    },
    ExportedModel("attention-unet", "attention-unet", multiple: 4) { ($0.baseChannels, $0.depth) = (4, 2) },
    ExportedModel("resunet", "resunet", multiple: 8) { $0.baseChannels = 4 },
    ExportedModel("segnet", "segnet") { $0.encoder = .vgg11 },
    ExportedModel("unet-resnet18", "unet") {
      ($0.encoder, $0.decoderChannels) = (.resnet18, [16, 8, 8, 8, 8])
    },
    ExportedModel("unet-mobilenet_v3_large", "unet") {
      ($0.encoder, $0.decoderChannels) = (.mobileNetV3Large, [16, 8, 8, 8, 8])
    },
    ExportedModel("unet-efficientnet-b0", "unet") {
      ($0.encoder, $0.decoderChannels) = (.efficientNetB0, [16, 8, 8, 8, 8])
    },
    ExportedModel("unet++-vgg11_bn", "unet++", multiple: 32) {
      ($0.encoder, $0.encoderDepth, $0.decoderChannels) = (.vgg11BN, 3, [16, 8, 8])
    },
    ExportedModel("fpn", "fpn", multiple: 32, smallest: 64) {
      ($0.encoder, $0.pyramidChannels, $0.segmentationChannels) = (.resnet18, 32, 32)
    },
    ExportedModel("linknet", "linknet", multiple: 32) { $0.encoder = .resnet18 },
    ExportedModel("deeplabv3+", "deeplabv3+", multiple: 16) {
      ($0.encoder, $0.pyramidChannels) = (.mobileNetV2, 16)
    },
    ExportedModel("deeplabv3", "deeplabv3") { $0.encoder = .resnet50 },
  ]

  /// With a dynamic batch and dynamic space.
  func export(_ model: any SegmentationModel, _ options: ONNXExport.Options = .init()) throws -> ONNXExport {
    var dynamic: [Int: ONNXInput.DynamicAxis] = [0: .init("batch")]
    for axis in 0..<axes { dynamic[axis + 2] = .init("size\(axis)", step: multiple) }
    let type = TensorType([1, 3] + [Int](repeating: smallest, count: axes), .float32, .channelsLast)
    return try ONNXExport(
      model, input: ONNXInput("image", type, dynamicAxes: dynamic), output: "logits", options: options)
  }
}

/// A small recommender, and how it is exported.
struct ExportedRecommender: CustomTestStringConvertible, Sendable {
  var name: String
  var make: @Sendable () throws -> any SequenceModel
  var testDescription: String { name }

  static let all: [ExportedRecommender] =
    SoftmaxAxis.allCases.map { axis in
      ExportedRecommender(name: "paup-\(axis)") {
        var configuration = PAUP.Configuration(itemCount: 9)
        configuration.maximumLength = 12
        configuration.hiddenSize = 8
        configuration.innerSize = 16
        configuration.kernel1 = 2
        configuration.segments = 3
        configuration.channelReduction = 2
        configuration.softmaxAxis = axis
        return try withSeed(3) { try PAUP(configuration) }
      }
    } + [
      ExportedRecommender(name: "sasrec") {
        var sizes = SequenceModelSizes(itemCount: 9)
        sizes.maximumLength = 12
        sizes.hiddenSize = 8
        sizes.innerSize = 16
        return try withSeed(3) { try SASRec(sizes) }
      }
    ]

  func export(_ model: any SequenceModel, _ options: ONNXExport.Options = .init()) throws -> ONNXExport {
    let items = ONNXInput("items", TensorType([1, 12], .int32), dynamicAxes: [0: .init("batch")])
    let lengths = ONNXInput("lengths", TensorType([1], .int32), dynamicAxes: [0: .init("batch")])
    return try ONNXExport(model, inputs: [items, lengths], outputs: ["scores"], options: options) {
      [try model.scores(model.represent(items: $0[0], lengths: $0[1]))]
    }
  }
}
