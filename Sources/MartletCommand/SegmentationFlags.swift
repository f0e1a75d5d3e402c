import ArgumentParser
import Martlet
import MartletTraining

/// The flags of a segmentation run. A flag that is not given leaves what the configuration holds.
struct SegmentationFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of training images.", valueName: "dir")) var images: String?
  @Option(help: ArgumentHelp("Folder of their masks.", valueName: "dir")) var masks: String?
  @Option(help: ArgumentHelp("Folder of validation images.", valueName: "dir")) var validationImages: String?
  @Option(help: ArgumentHelp("Folder of their masks.", valueName: "dir")) var validationMasks: String?
  @Option(
    parsing: .unconditional,
    help: "Share of the images set aside for validation when no folders are given. (default: 0.2)")
  var validationFraction: Double?
  @Option(help: "How masks name classes: auto, binary (0 and 255), indices or colors. (default: auto)")
  var maskEncoding: String?
  @Option(
    help: ArgumentHelp(
      "A class table: a name a line, with `r g b` or `#rrggbb` behind it for colour masks.", valueName: "file"
    ))
  var classes: String?
  @Option(parsing: .unconditional, help: "A mask value that takes no part in loss and metrics.")
  var ignoreIndex: Int?

  @Option(help: "The network: unet. (default: unet)") var model: String?
  @Option(parsing: .unconditional, help: "Channels of the first level. (default: 64)") var baseChannels: Int?
  @Option(parsing: .unconditional, help: "Levels below the first. (default: 4)") var depth: Int?
  @Option(help: "same, or valid as published. (default: same)") var padding: String?
  @Flag(inversion: .prefixedNo, help: "Batch normalisation. (default: --batch-norm)") var batchNorm: Bool?
  @Option(help: "transposed or bilinear. (default: transposed)") var upsampling: String?
  @Option(parsing: .unconditional, help: "Dropout probability at the bottleneck. (default: 0)") var dropout:
    Double?
  @Option(help: ArgumentHelp("Weights to start from.", valueName: "file.safetensors")) var weights: String?

  @Option(parsing: .unconditional, help: "Height and width to train at. (default: 256)") var size: Int?
  @Option(parsing: .unconditional, help: "Images in a step. (default: 8)") var batchSize: Int?
  @Option(parsing: .unconditional, help: "Times that all images are gone through. (default: 20)") var epochs:
    Int?
  @Option(help: "What all random numbers follow from. (default: 1)") var seed: UInt64?
  @Option(help: "adam, adamw or sgd. (default: adam)") var optimizer: String?
  @Option(parsing: .unconditional, help: "The largest learning rate. (default: 0.001)") var learningRate:
    Double?
  @Option(parsing: .unconditional, help: "Weight decay. (default: 0)") var weightDecay: Double?
  @Option(parsing: .unconditional, help: "Momentum of sgd. (default: 0.9)") var momentum: Double?
  @Flag(inversion: .prefixedNo, help: "Nesterov's momentum for sgd. (default: --no-nesterov)") var nesterov:
    Bool?
  @Option(help: "constant, step or cosine. (default: cosine)") var schedule: String?
  @Option(parsing: .unconditional, help: "Epochs over which the learning rate rises. (default: 1)")
  var warmUpEpochs: Double?
  @Option(parsing: .unconditional, help: "Epochs between the drops of the step schedule. (default: 10)")
  var stepEpochs: Int?
  @Option(parsing: .unconditional, help: "What a drop multiplies by. (default: 0.1)") var stepFactor: Double?
  @Option(parsing: .unconditional, help: "Largest global norm of the gradients.") var clipNorm: Double?
  @Option(help: "cross-entropy, dice, or a sum such as 0.5*cross-entropy+0.5*dice. (default: cross-entropy)")
  var loss: String?
  @Option(
    parsing: .upToNextOption,
    help: "One weight a class for cross-entropy, with blanks between, such as 0.5 1 2.") var classWeights:
    [Double] = []
  @Option(parsing: .unconditional, help: "End after so many epochs without a better mean IoU.")
  var earlyStopping: Int?
  @Option(help: "none, flips, standard or strong; single steps go in a YAML file. (default: flips)")
  var augmentation: String?
  @Option(help: "Rounding that convolutions may trade for speed: fast, strict or direct. (default: fast)")
  var numerics: Numerics?
  @Option(help: ArgumentHelp("The run folder; it must be empty or new.", valueName: "run")) var output:
    String?

  func applied(to base: SegmentationConfiguration) throws -> SegmentationConfiguration {
    var c = base
    func set<Value>(_ property: inout Value, _ flag: Value?) { if let flag { property = flag } }
    func set<Value>(_ property: inout Value?, _ flag: Value?) { if let flag { property = flag } }
    set(&c.images, images)
    set(&c.masks, masks)
    set(&c.validationImages, validationImages)
    set(&c.validationMasks, validationMasks)
    set(&c.validationFraction, validationFraction)
    set(&c.maskEncoding, maskEncoding)
    if let classes { c.classes = try readLines(classes) }
    set(&c.ignoreIndex, ignoreIndex)
    set(&c.model, model)
    set(&c.baseChannels, baseChannels)
    set(&c.depth, depth)
    set(&c.padding, padding)
    set(&c.batchNorm, batchNorm)
    set(&c.upsampling, upsampling)
    set(&c.dropout, dropout)
    set(&c.weights, weights)
    set(&c.size, size)
    set(&c.batchSize, batchSize)
    set(&c.epochs, epochs)
    set(&c.seed, seed)
    set(&c.optimizer, optimizer)
    set(&c.learningRate, learningRate)
    set(&c.weightDecay, weightDecay)
    set(&c.momentum, momentum)
    set(&c.nesterov, nesterov)
    set(&c.schedule, schedule)
    set(&c.warmUpEpochs, warmUpEpochs)
    set(&c.stepEpochs, stepEpochs)
    set(&c.stepFactor, stepFactor)
    set(&c.clipNorm, clipNorm)
    set(&c.loss, loss)
    if !classWeights.isEmpty { c.classWeights = classWeights }
    set(&c.earlyStopping, earlyStopping)
    if let augmentation { c.augmentation = try AugmentationChoice(named: augmentation) }
    set(&c.numerics, numerics)
    set(&c.output, output)
    return c
  }

  private func readLines(_ path: String) throws -> [String] {
    do {
      return try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline).map(
        String.init)
    } catch {
      throw MartletError("classes", "cannot read \(path): \(error.localizedDescription)")
    }
  }
}
