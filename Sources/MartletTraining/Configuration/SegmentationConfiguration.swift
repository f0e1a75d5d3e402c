import Martlet
import MartletData
import MartletModels

/// Everything that decides a segmentation run.
public struct SegmentationConfiguration: RunConfiguration {
  // Data
  /// Folder of training images.
  public var images = ""
  /// Folder of their masks, paired by file name, or the file or folder of their annotations; empty where ``images``
  /// holds both, see `DatasetPlaces`.
  public var masks = ""
  /// How images and masks are stored.
  public var format = DatasetFormat.auto
  /// Folder of validation images; without it ``validationFraction`` of the training images is set aside.
  public var validationImages: String?
  /// As ``masks``, for ``validationImages``.
  public var validationMasks: String?
  /// Share of the images that is set aside for validation when no folders are given.
  public var validationFraction = 0.2
  /// How masks name classes.
  public var maskEncoding = MaskEncoding.automatic
  /// The classes in the order of their indices: a name each, with a colour behind it for colour masks
  /// (`nucleus #ff0000`). Empty takes the number of classes from the masks.
  public var classes: [String] = []
  /// A mask value that stands for no class and takes no part in loss and metrics.
  public var ignoreIndex: Int?
  /// The same for masks of colours, such as `#ffffff`.
  public var ignoreColor: String?

  // Model
  /// The architecture: one of `Architecture.names`.
  public var model = "unet"
  /// What is chosen in it; the rest is left to its defaults.
  public var network = NetworkOptions()
  /// A file of weights to start from instead of random parameters: safetensors, or what `torch.save` wrote.
  public var weights: String?
  /// A file of weights for the encoder alone, such as a classification network's of torchvision.
  public var encoderWeights: String?
  /// Names of parameters that stay random when ``weights`` are loaded, as `NamePattern` has them; `head` is the
  /// network's own.
  public var reset: [String] = []
  /// Whether the first convolution of ``weights`` is made for the images' channels where it was learnt for others.
  public var adaptInput = false

  // Training
  /// Where the mean and deviation of the network's input come from.
  public var normalization = NormalizationChoice.dataset
  /// Height and width of what the network is trained on; for volumes one length for all axes, or depth, height and
  /// width.
  public var size: SampleSize = 256
  /// What only volumes have: networks with ``NetworkOptions/axes`` 3.
  public var volumes = VolumeSettings()
  public var training = TrainingSettings(batchSize: 8, epochs: 20, schedule: .cosine, warmUpEpochs: 1)
  /// A loss or a weighted sum such as `0.5*cross-entropy + 0.5*dice(smooth=1)`; ``SegmentationLoss/help`` lists them.
  public var loss = "cross-entropy"
  /// One weight a class, for losses that take them.
  public var classWeights: [Double] = []
  /// What is done to training images: `none`, `flips`, `standard`, `strong`, or steps with their strengths.
  public var augmentation = AugmentationChoice.preset(.flips)
  /// Mixes each image of a batch with another, with shares from a Beta distribution of this strength; not without it.
  public var mixUp: Double?
  /// How much rounding error convolutions may trade for speed: `fast`, `strict` or `direct`.
  public var numerics = Numerics.fast
  /// Numerics of their own for parts of the network, by pattern of modules' names, such as `encoder`.
  public var stageNumerics: [String: Numerics] = [:]

  /// The run folder.
  public var output = ""

  public init() {}

  public static let kind = RunKind.segmentation

  static let networkKeys: [ConfigurationKey<NetworkOptions>] = [
    .init("axes", optional: \.axes),
    .init("encoder", optional: \.encoder),
    .init("encoder-depth", optional: \.encoderDepth),
    .init("output-stride", optional: \.outputStride),
    .init("base-channels", optional: \.baseChannels),
    .init("depth", optional: \.depth),
    .init("padding", optional: \.padding),
    .init("batch-norm", optional: \.batchNorm),
    .init("upsampling", optional: \.upsampling),
    .init("dropout", optional: \.dropout),
    .init("decoder-channels", optional: \.decoderChannels),
    .init("pyramid-channels", optional: \.pyramidChannels),
    .init("segmentation-channels", optional: \.segmentationChannels),
    .init("atrous-rates", optional: \.atrousRates),
    .init("auxiliary-head", optional: \.auxiliaryHead),
    .init("deep-supervision", optional: \.deepSupervision),
    .init("inference-depth", optional: \.inferenceDepth),
  ]

  public static let keys: [ConfigurationKey<Self>] =
    [
      .init("images", \.images),
      .init("masks", \.masks),
      .init("format", \.format),
      .init("validation-images", optional: \.validationImages),
      .init("validation-masks", optional: \.validationMasks),
      .init("validation-fraction", \.validationFraction),
      .init("mask-encoding", \.maskEncoding),
      .init("classes", \.classes),
      .init("ignore-index", optional: \.ignoreIndex),
      .init("ignore-color", optional: \.ignoreColor),
      .init("model", \.model),
    ] + networkKeys.map { $0.within(\.network) } + [
      .init("weights", optional: \.weights),
      .init("encoder-weights", optional: \.encoderWeights),
      .init("reset", \.reset),
      .init("adapt-input", \.adaptInput),
      .init("normalization", \.normalization),
      .init("size", \.size),
    ] + VolumeSettings.keys.map { $0.within(\.volumes) } + TrainingSettings.keys.map { $0.within(\.training) }
    + [
      .init("loss", \.loss),
      .init("class-weights", \.classWeights),
      .init("augmentation", \.augmentation),
      .init("mix-up", optional: \.mixUp),
      .init("numerics", \.numerics),
      .init("stage-numerics", \.stageNumerics),
      .init("output", \.output),
    ]

  public static let complete: SegmentationConfiguration = {
    var all = SegmentationConfiguration()
    all.augmentation = .pipeline(.complete)
    return all
  }()
}
