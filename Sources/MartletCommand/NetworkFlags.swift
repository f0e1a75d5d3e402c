import ArgumentParser
import MartletModels

/// The flags that choose what there is to choose in a segmentation network. Each architecture has some of them, and says
/// which where it is given another.
struct NetworkFlags: ParsableArguments {
  @Option(parsing: .unconditional, help: "unet, unet++: 2, or 3 for volumes. (default: 2)") var axes: Int?
  @Option(help: "The classification network that leads down; unet and unet++ have one only with this flag.")
  var encoder: EncoderName?
  @Option(
    parsing: .unconditional,
    help: "unet and unet++ with --encoder, linknet: halvings of the encoder that are used. (default: 5)")
  var encoderDepth: Int?
  @Option(parsing: .unconditional, help: "deeplabv3+: 16 or 8, the encoder's last reduction. (default: 16)")
  var outputStride: Int?
  @Option(
    parsing: .unconditional,
    help:
      "unet and unet++ without --encoder, attention-unet, resunet: channels of the first level. (default: 64; unet++ 32)"
  )
  var baseChannels: Int?
  @Option(
    parsing: .unconditional,
    help: "unet and unet++ without --encoder, attention-unet: levels below the first. (default: 4)")
  var depth: Int?
  @Option(help: "unet: same, or valid as published. (default: same)") var padding: UNet.Configuration.Padding?
  @Flag(
    inversion: .prefixedNo,
    help: "unet and unet++ without --encoder: batch normalisation. (default: --batch-norm)") var batchNorm:
    Bool?
  @Option(help: "unet: transposed or bilinear. (default: transposed)")
  var upsampling: UNet.Configuration.Upsampling?
  @Option(
    parsing: .unconditional,
    help: "Dropout probability: unet's at the bottleneck (default: 0), fpn's (0.2), deeplabv3+'s (0.5).")
  var dropout: Double?
  @Option(
    parsing: .upToNextOption,
    help:
      "unet and unet++ with --encoder: channels of each step up, lowest first. (default: 256 128 64 32 16)")
  var decoderChannels: [Int] = []
  @Option(parsing: .unconditional, help: "fpn, deeplabv3+: channels of the pyramid. (default: 256)")
  var pyramidChannels: Int?
  @Option(parsing: .unconditional, help: "fpn: channels of what is made of each level. (default: 128)")
  var segmentationChannels: Int?
  @Option(
    parsing: .upToNextOption, help: "deeplabv3, deeplabv3+: dilations of the pyramid. (default: 12 24 36)")
  var atrousRates: [Int] = []
  @Flag(inversion: .prefixedNo, help: "deeplabv3: a second head for training. (default: --no-auxiliary-head)")
  var auxiliaryHead: Bool?
  @Flag(
    inversion: .prefixedNo, help: "unet++: a head for each depth. (default: --no-deep-supervision)")
  var deepSupervision: Bool?
  @Option(
    parsing: .unconditional,
    help: "unet++ with deep supervision: the depth whose head gives the mask. (default: the mean of all)")
  var inferenceDepth: Int?

  func apply(to options: inout NetworkOptions) {
    set(&options.axes, axes)
    set(&options.encoder, encoder)
    set(&options.encoderDepth, encoderDepth)
    set(&options.outputStride, outputStride)
    set(&options.baseChannels, baseChannels)
    set(&options.depth, depth)
    set(&options.padding, padding)
    set(&options.batchNorm, batchNorm)
    set(&options.upsampling, upsampling)
    set(&options.dropout, dropout)
    if !decoderChannels.isEmpty { options.decoderChannels = decoderChannels }
    set(&options.pyramidChannels, pyramidChannels)
    set(&options.segmentationChannels, segmentationChannels)
    if !atrousRates.isEmpty { options.atrousRates = atrousRates }
    set(&options.auxiliaryHead, auxiliaryHead)
    set(&options.deepSupervision, deepSupervision)
    set(&options.inferenceDepth, inferenceDepth)
  }

  private func set<Value>(_ option: inout Value?, _ given: Value?) { if let given { option = given } }
}

extension EncoderName: ExpressibleByArgument {}
extension UNet.Configuration.Padding: ExpressibleByArgument {}
extension UNet.Configuration.Upsampling: ExpressibleByArgument {}
