import ArgumentParser
import Martlet
import MartletTraining

/// The flags of a segmentation run that say what network is trained, besides ``ModelFlags``.
struct SegmentationNetworkFlags: ParsableArguments {
  @OptionGroup var network: NetworkFlags

  @Option(
    help: ArgumentHelp(
      "Weights for the encoder alone: torchvision's or segmentation_models.pytorch's of its name.",
      valueName: "file"))
  var encoderWeights: String?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      Parameters that stay random with --weights: `head` for the network's own, or names, in which * stands for any \
      characters.
      """, valueName: "name"))
  var reset: [String] = []
  @Flag(
    inversion: .prefixedNo,
    help: "Take weights for images of another number of channels. (default: --no-adapt-input)")
  var adaptInput: Bool?
  @Option(help: "Rounding that convolutions may trade for speed: fast, strict or direct. (default: fast)")
  var numerics: Numerics?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Other numerics for modules with such names.", valueName: "name=numerics"))
  var stageNumerics: [NamedValue<Numerics>] = []

  func apply(to configuration: inout SegmentationConfiguration) {
    network.apply(to: &configuration.network)
    set(&configuration.encoderWeights, encoderWeights)
    if !reset.isEmpty { configuration.reset = reset }
    set(&configuration.adaptInput, adaptInput)
    set(&configuration.numerics, numerics)
    for stage in stageNumerics { configuration.stageNumerics[stage.name] = stage.value }
  }
}
