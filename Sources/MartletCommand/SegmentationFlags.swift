import ArgumentParser
import Martlet
import MartletTraining

/// The flags of a segmentation run besides those of all runs.
struct SegmentationFlags: ConfigurationFlags {
  @Option(help: ArgumentHelp("Folder of training images.", valueName: "dir")) var images: String?
  @Option(
    help: ArgumentHelp(
      "Folder of their masks, or the file or folder of their annotations.", valueName: "path"))
  var masks: String?
  @Option(
    help: "How they are stored: auto, folders, dsb, coco, voc, labelme or cvat. (default: auto)")
  var format: String?
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

  @Option(parsing: .unconditional, help: "Channels of the first level. (default: 64)") var baseChannels: Int?
  @Option(parsing: .unconditional, help: "Levels below the first. (default: 4)") var depth: Int?
  @Option(help: "same, or valid as published. (default: same)") var padding: String?
  @Flag(inversion: .prefixedNo, help: "Batch normalisation. (default: --batch-norm)") var batchNorm: Bool?
  @Option(help: "transposed or bilinear. (default: transposed)") var upsampling: String?
  @Option(parsing: .unconditional, help: "Dropout probability at the bottleneck. (default: 0)") var dropout:
    Double?

  @Option(parsing: .unconditional, help: "Height and width to train at. (default: 256)") var size: Int?
  @Option(
    parsing: .upToNextOption,
    help: "One weight a class for cross-entropy, with blanks between, such as 0.5 1 2.") var classWeights:
    [Double] = []
  @Option(help: "none, flips, standard or strong; single steps go in a YAML file. (default: flips)")
  var augmentation: String?
  @Option(help: "Rounding that convolutions may trade for speed: fast, strict or direct. (default: fast)")
  var numerics: Numerics?

  func apply(to configuration: inout SegmentationConfiguration) throws {
    set(&configuration.images, images)
    set(&configuration.masks, masks)
    set(&configuration.format, format)
    set(&configuration.validationImages, validationImages)
    set(&configuration.validationMasks, validationMasks)
    set(&configuration.validationFraction, validationFraction)
    set(&configuration.maskEncoding, maskEncoding)
    if let classes { configuration.classes = try readLines(classes) }
    set(&configuration.ignoreIndex, ignoreIndex)
    set(&configuration.baseChannels, baseChannels)
    set(&configuration.depth, depth)
    set(&configuration.padding, padding)
    set(&configuration.batchNorm, batchNorm)
    set(&configuration.upsampling, upsampling)
    set(&configuration.dropout, dropout)
    set(&configuration.size, size)
    if !classWeights.isEmpty { configuration.classWeights = classWeights }
    if let augmentation { configuration.augmentation = try AugmentationChoice(named: augmentation) }
    set(&configuration.numerics, numerics)
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
