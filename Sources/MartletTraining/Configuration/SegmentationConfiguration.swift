import Martlet
import MartletData

/// Everything that decides a segmentation run.
public struct SegmentationConfiguration: RunConfiguration {
  // Data
  /// Folder of training images.
  public var images = ""
  /// Folder of their masks, paired by file name, or the file or folder of their annotations; may be left out where
  /// ``images`` holds both.
  public var masks = ""
  /// How images and masks are stored: `auto`, or one of ``DatasetFormat``'s names.
  public var format = DatasetFormat.auto.rawValue
  /// Folder of validation images; without it ``validationFraction`` of the training images is set aside.
  public var validationImages: String?
  public var validationMasks: String?
  /// Share of the images that is set aside for validation when no folders are given.
  public var validationFraction = 0.2
  /// How masks name classes: `auto`, `binary` (0 and 255), `indices` or `colors`.
  public var maskEncoding = "auto"
  /// The classes in the order of their indices: a name each, with a colour behind it for colour masks
  /// (`nucleus #ff0000`). Empty takes the number of classes from the masks.
  public var classes: [String] = []
  /// A mask value that stands for no class and takes no part in loss and metrics.
  public var ignoreIndex: Int?

  // Model
  public var model = "unet"
  /// Channels of the first level; each level down has twice as many.
  public var baseChannels = 64
  /// Levels below the first.
  public var depth = 4
  /// `same` keeps the image size, `valid` is the published network without padding.
  public var padding = "same"
  public var batchNorm = true
  /// `transposed` convolution or `bilinear` with a 1×1 convolution.
  public var upsampling = "transposed"
  /// Dropout probability at the bottleneck.
  public var dropout = 0.0
  /// A safetensors file to start from instead of random parameters.
  public var weights: String?

  // Training
  /// Height and width of what the network is trained on.
  public var size = 256
  public var training = TrainingSettings(batchSize: 8, epochs: 20, schedule: "cosine", warmUpEpochs: 1)
  /// `cross-entropy`, `dice`, `binary-cross-entropy`, `mse`, or a sum such as `0.5*cross-entropy+0.5*dice`.
  public var loss = "cross-entropy"
  /// One weight a class for cross-entropy.
  public var classWeights: [Double] = []
  /// What is done to training images: `none`, `flips`, `standard`, `strong`, or steps with their strengths.
  public var augmentation = AugmentationChoice.preset(.flips)
  /// How much rounding error convolutions may trade for speed: `fast`, `strict` or `direct`.
  public var numerics = Numerics.fast

  /// The run folder.
  public var output = ""

  public init() {}

  public static let kind = RunKind.segmentation

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
      .init("model", \.model),
      .init("base-channels", \.baseChannels),
      .init("depth", \.depth),
      .init("padding", \.padding),
      .init("batch-norm", \.batchNorm),
      .init("upsampling", \.upsampling),
      .init("dropout", \.dropout),
      .init("weights", optional: \.weights),
      .init("size", \.size),
    ] + TrainingSettings.keys.map { $0.within(\.training) } + [
      .init("loss", \.loss),
      .init("class-weights", \.classWeights),
      .init("augmentation", \.augmentation),
      .init("numerics", \.numerics),
      .init("output", \.output),
    ]

  public static let complete: SegmentationConfiguration = {
    var all = SegmentationConfiguration()
    all.augmentation = .pipeline(.complete)
    return all
  }()
}
