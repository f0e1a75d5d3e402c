import Martlet

/// A segmentation architecture by name: what can be chosen in it, and how it is made.
public struct Architecture: Sendable {
  /// The name on the command line, such as `deeplabv3+`.
  public let name: String
  /// The names of its options.
  public let optionNames: [String]
  private let build:
    @Sendable (_ channels: Int, _ classes: Int, NetworkOptions) throws -> (
      () throws -> any SegmentationModel, NetworkOptions
    )

  private init<Configuration: NetworkConfiguration>(
    _ name: String, _ options: [NetworkOption<Configuration>],
    _ make: @escaping @Sendable (Configuration) throws -> any SegmentationModel
  ) {
    self.name = name
    optionNames = options.map(\.name)
    build = { channels, classes, chosen in
      var configuration = Configuration()
      configuration.inputChannels = channels
      configuration.classCount = classes
      for option in options { option.apply(chosen, &configuration) }
      var complete = NetworkOptions()
      for option in options { option.describe(configuration, &complete) }
      return ({ [configuration] in try make(configuration) }, complete)
    }
  }

  /// The network.
  ///
  /// - Parameters:
  ///   - channels: Of the images.
  ///   - classes: Background included.
  /// - Throws: ``MartletError`` for an option that the architecture does not have, or a value that cannot be.
  public func make(channels: Int, classes: Int, _ options: NetworkOptions = NetworkOptions()) throws
    -> any SegmentationModel
  {
    try check(options)
    return try build(channels, classes, options).0()
  }

  /// Options with the architecture's defaults filled in.
  public func completed(_ options: NetworkOptions) throws -> NetworkOptions {
    try check(options)
    return try build(1, 1, options).1
  }

  /// - Throws: ``MartletError`` for an option that the architecture does not have.
  public func check(_ options: NetworkOptions) throws {
    for name in options.chosenNames {
      try require(
        optionNames.contains(name), "model",
        "\(title) has no \(name): it has \(optionNames.joined(separator: ", "))")
    }
  }

  /// The name, with what tells the architecture from another of that name.
  private var title: String {
    if Self.all.count(where: { $0.name == name }) == 1 { return name }
    return "\(name) \(optionNames.contains("encoder") ? "with" : "without") an encoder"
  }

  /// The architecture of a name. With an encoder, `unet` and `unet++` are those over a classification network.
  ///
  /// - Throws: ``MartletError`` naming all architectures.
  public static func named(_ name: String, _ options: NetworkOptions = NetworkOptions()) throws
    -> Architecture
  {
    let hasEncoder = options.encoder != nil
    let variants = all.filter { $0.name == name }
    guard
      let found = variants.count > 1
        ? variants.first(where: { $0.optionNames.contains("encoder") == hasEncoder }) : variants.first
    else {
      let near = nearestName(to: name, in: names).map { " (is \($0) meant?)" } ?? ""
      throw MartletError("model", "expected \(names.joined(separator: ", ")), got \(name)\(near)")
    }
    return found
  }

  /// The names that there are.
  public static var names: [String] {
    all.map(\.name).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// What there is to choose in U-Net and U-Net++ over an encoder.
  private static let overEncoder: [NetworkOption<EncoderUNet.Configuration>] = [
    .init("encoder", \.encoder, \EncoderUNet.Configuration.encoder),
    .init("encoder-depth", \.encoderDepth, \.encoderDepth),
    .init("decoder-channels", \.decoderChannels, \.decoderChannels),
  ]

  /// Every architecture; `unet` and `unet++` once as published and once over an encoder.
  public static let all: [Architecture] = [
    Architecture(
      "unet",
      [
        .init("base-channels", \.baseChannels, \UNet.Configuration.baseChannels),
        .init("depth", \.depth, \.depth),
        .init("padding", \.padding, \.padding), .init("batch-norm", \.batchNorm, \.batchNorm),
        .init("upsampling", \.upsampling, \.upsampling), .init("dropout", \.dropout, \.dropout),
        .init("axes", \.axes, \.axes),
      ]
    ) { try UNet($0) },
    Architecture(
      "unet", overEncoder
    ) { try EncoderUNet($0) },
    Architecture(
      "unet++",
      [
        .init("base-channels", \.baseChannels, \UNetPlusPlus.Configuration.baseChannels),
        .init("depth", \.depth, \.depth), .init("batch-norm", \.batchNorm, \.batchNorm),
        .init("deep-supervision", \.deepSupervision, \.deepSupervision),
        .init("inference-depth", \.inferenceDepth, optional: \.inferenceDepth), .init("axes", \.axes, \.axes),
      ]
    ) { try UNetPlusPlus($0) },
    Architecture(
      "unet++", overEncoder
    ) { try EncoderUNetPlusPlus($0) },
    Architecture("segnet", [.init("encoder", \.encoder, \SegNet.Configuration.encoder)]) { try SegNet($0) },
    Architecture(
      "deeplabv3",
      [
        .init("encoder", \.encoder, \DeepLabV3.Configuration.encoder),
        .init("atrous-rates", \.atrousRates, \.atrousRates),
        .init("auxiliary-head", \.auxiliaryHead, \.auxiliaryHead),
      ]
    ) { try DeepLabV3($0) },
    Architecture(
      "deeplabv3+",
      [
        .init("encoder", \.encoder, \DeepLabV3Plus.Configuration.encoder),
        .init("output-stride", \.outputStride, \.outputStride),
        .init("pyramid-channels", \.pyramidChannels, \.decoderChannels),
        .init("atrous-rates", \.atrousRates, \.atrousRates), .init("dropout", \.dropout, \.dropout),
      ]
    ) { try DeepLabV3Plus($0) },
    Architecture(
      "attention-unet",
      [
        .init("base-channels", \.baseChannels, \AttentionUNet.Configuration.baseChannels),
        .init("depth", \.depth, \.depth),
      ]
    ) { try AttentionUNet($0) },
    Architecture("resunet", [.init("base-channels", \.baseChannels, \ResUNet.Configuration.baseChannels)]) {
      try ResUNet($0)
    },
    Architecture(
      "fpn",
      [
        .init("encoder", \.encoder, \FPN.Configuration.encoder),
        .init("pyramid-channels", \.pyramidChannels, \.pyramidChannels),
        .init("segmentation-channels", \.segmentationChannels, \.segmentationChannels),
        .init("dropout", \.dropout, \.dropout),
      ]
    ) { try FPN($0) },
    Architecture(
      "linknet",
      [
        .init("encoder", \.encoder, \LinkNet.Configuration.encoder),
        .init("encoder-depth", \.encoderDepth, \.encoderDepth),
      ]
    ) { try LinkNet($0) },
  ]
}

/// What every segmentation network's configuration has.
protocol NetworkConfiguration: Hashable, Sendable {
  var inputChannels: Int { get set }
  var classCount: Int { get set }
  init()
}

extension UNet.Configuration: NetworkConfiguration {}
extension EncoderUNet.Configuration: NetworkConfiguration {}
extension UNetPlusPlus.Configuration: NetworkConfiguration {}
extension SegNet.Configuration: NetworkConfiguration {}
extension DeepLabV3.Configuration: NetworkConfiguration {}
extension DeepLabV3Plus.Configuration: NetworkConfiguration {}
extension AttentionUNet.Configuration: NetworkConfiguration {}
extension ResUNet.Configuration: NetworkConfiguration {}
extension FPN.Configuration: NetworkConfiguration {}
extension LinkNet.Configuration: NetworkConfiguration {}
