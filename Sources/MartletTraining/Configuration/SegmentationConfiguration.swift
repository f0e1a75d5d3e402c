import Martlet
import MartletData

/// Everything that decides a segmentation run: what `martlet train segmentation` takes as flags and a YAML file as keys.
///
/// A key in the file is a flag's name without the dashes in front: `base-channels: 32` is `--base-channels 32`. The
/// file kept in a run folder is this, complete, so that a run can be repeated and resumed from it.
public struct SegmentationConfiguration: Codable, Hashable, Sendable {
  // Data
  /// Folder of training images.
  public var images = ""
  /// Folder of their masks, paired by file name.
  public var masks = ""
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
  public var batchSize = 8
  public var epochs = 20
  public var seed: UInt64 = 1
  /// `adam`, `adamw` or `sgd`.
  public var optimizer = "adam"
  public var learningRate = 1e-3
  public var weightDecay = 0.0
  /// Momentum of `sgd`.
  public var momentum = 0.9
  public var nesterov = false
  /// `constant`, `step` or `cosine`.
  public var schedule = "cosine"
  /// Epochs over which the learning rate rises from nothing.
  public var warmUpEpochs = 1.0
  /// `step` schedule: epochs between drops, and what a drop multiplies by.
  public var stepEpochs = 10
  public var stepFactor = 0.1
  /// Largest global norm of the gradients; more is scaled down to it.
  public var clipNorm: Double?
  /// `cross-entropy`, `dice`, `binary-cross-entropy`, `mse`, or a sum such as `0.5*cross-entropy+0.5*dice`.
  public var loss = "cross-entropy"
  /// One weight a class for cross-entropy.
  public var classWeights: [Double] = []
  /// Ends training after so many epochs without a better mean IoU.
  public var earlyStopping: Int?
  /// What is done to training images: `none`, `flips`, `standard`, `strong`, or steps with their strengths.
  public var augmentation = AugmentationChoice.preset(.flips)
  /// How much rounding error convolutions may trade for speed: `fast`, `strict` or `direct`.
  public var numerics = Numerics.fast

  /// The run folder.
  public var output = ""

  public init() {}

  enum CodingKeys: String, CodingKey, CaseIterable {
    case images, masks
    case validationImages = "validation-images"
    case validationMasks = "validation-masks"
    case validationFraction = "validation-fraction"
    case maskEncoding = "mask-encoding"
    case classes
    case ignoreIndex = "ignore-index"
    case model
    case baseChannels = "base-channels"
    case depth, padding
    case batchNorm = "batch-norm"
    case upsampling, dropout, weights, size
    case batchSize = "batch-size"
    case epochs, seed, optimizer
    case learningRate = "learning-rate"
    case weightDecay = "weight-decay"
    case momentum, nesterov, schedule
    case warmUpEpochs = "warm-up-epochs"
    case stepEpochs = "step-epochs"
    case stepFactor = "step-factor"
    case clipNorm = "clip-norm"
    case loss
    case classWeights = "class-weights"
    case earlyStopping = "early-stopping"
    case augmentation, numerics, output
  }

  /// Keys that are absent keep their defaults.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, into property: inout Value) throws {
      property = try values.decodeIfPresent(Value.self, forKey: key) ?? property
    }
    func readOptional<Value: Decodable>(_ key: CodingKeys, into property: inout Value?) throws {
      property = try values.decodeIfPresent(Value.self, forKey: key)
    }
    try read(.images, into: &images)
    try read(.masks, into: &masks)
    try readOptional(.validationImages, into: &validationImages)
    try readOptional(.validationMasks, into: &validationMasks)
    try read(.validationFraction, into: &validationFraction)
    try read(.maskEncoding, into: &maskEncoding)
    try read(.classes, into: &classes)
    try readOptional(.ignoreIndex, into: &ignoreIndex)
    try read(.model, into: &model)
    try read(.baseChannels, into: &baseChannels)
    try read(.depth, into: &depth)
    try read(.padding, into: &padding)
    try read(.batchNorm, into: &batchNorm)
    try read(.upsampling, into: &upsampling)
    try read(.dropout, into: &dropout)
    try readOptional(.weights, into: &weights)
    try read(.size, into: &size)
    try read(.batchSize, into: &batchSize)
    try read(.epochs, into: &epochs)
    try read(.seed, into: &seed)
    try read(.optimizer, into: &optimizer)
    try read(.learningRate, into: &learningRate)
    try read(.weightDecay, into: &weightDecay)
    try read(.momentum, into: &momentum)
    try read(.nesterov, into: &nesterov)
    try read(.schedule, into: &schedule)
    try read(.warmUpEpochs, into: &warmUpEpochs)
    try read(.stepEpochs, into: &stepEpochs)
    try read(.stepFactor, into: &stepFactor)
    try readOptional(.clipNorm, into: &clipNorm)
    try read(.loss, into: &loss)
    try read(.classWeights, into: &classWeights)
    try readOptional(.earlyStopping, into: &earlyStopping)
    try read(.augmentation, into: &augmentation)
    try read(.numerics, into: &numerics)
    try read(.output, into: &output)
  }

  /// A configuration in which every key is present, for telling known keys from unknown ones.
  static let complete: SegmentationConfiguration = {
    var all = SegmentationConfiguration()
    all.validationImages = ""
    all.validationMasks = ""
    all.ignoreIndex = 0
    all.weights = ""
    all.clipNorm = 0
    all.earlyStopping = 0
    all.augmentation = .pipeline(.strong)
    return all
  }()
}

/// Augmentation by the name of a preset or step by step.
public enum AugmentationChoice: Codable, Hashable, Sendable {
  public enum Preset: String, Codable, CaseIterable, Sendable { case none, flips, standard, strong }

  case preset(Preset)
  case pipeline(AugmentationPipeline)

  public var pipeline: AugmentationPipeline {
    switch self {
    case .preset(.none): .none
    case .preset(.flips): .flips
    case .preset(.standard): .standard
    case .preset(.strong): .strong
    case .pipeline(let pipeline): pipeline
    }
  }

  /// - Throws: ``MartletError`` naming the presets when there is none of that name.
  public init(named name: String) throws {
    guard let preset = Preset(rawValue: name) else {
      throw MartletError(
        "augmentation",
        "expected \(Preset.allCases.map(\.rawValue).joined(separator: ", ")) or steps, got \(name)")
    }
    self = .preset(preset)
  }

  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      try self.init(named: name)
    } else {
      self = .pipeline(try AugmentationPipeline(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .preset(let preset):
      var container = encoder.singleValueContainer()
      try container.encode(preset.rawValue)
    case .pipeline(let pipeline): try pipeline.encode(to: encoder)
    }
  }
}
