import ArgumentParser
import Martlet
import MartletData
import MartletTraining

/// The flags of a segmentation run that say what it is trained on.
struct SegmentationFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of training images. (required)", valueName: "dir")) var images: String?
  @Option(
    help: ArgumentHelp(
      "Folder of their masks, or the file or folder of their annotations. (default: where the images are)",
      valueName: "path"))
  var masks: String?
  @Option(help: "How they are stored. (default: auto)") var format: DatasetFormat?
  @Option(help: ArgumentHelp("Folder of validation images.", valueName: "dir")) var validationImages: String?
  @Option(
    help: ArgumentHelp(
      "Folder or file of their masks, as for --masks. (default: where the validation images are)",
      valueName: "path"))
  var validationMasks: String?
  @Option(
    parsing: .unconditional,
    help: "Share of the images set aside for validation when no folders are given. (default: 0.2)")
  var validationFraction: Double?
  @Option(
    help: """
      How masks name classes: by indices, by the colours of --classes, or as two classes: extremes of the range (0 and \
      255) and nothing else, binary (foreground from half of the range on, for masks that were JPEG), or nonzero \
      (foreground above 0, for masks with a number an object). (default: auto)
      """)
  var maskEncoding: MaskEncoding?
  @Option(
    help: ArgumentHelp(
      "A class table: a name a line, with `r g b` or `#rrggbb` behind it for colour masks.", valueName: "file"
    ))
  var classes: String?
  @Option(parsing: .unconditional, help: "A mask value that takes no part in loss and metrics.")
  var ignoreIndex: Int?
  @Option(help: "The same for colour masks, such as ffffff.") var ignoreColor: String?

  @Option(help: "Mean and deviation of the input: the dataset's, ImageNet's, or none. (default: dataset)")
  var normalization: NormalizationChoice?
  @Option(
    parsing: .unconditional,
    help:
      """
      The side of the squares that are cut from images to train at, at random places; smaller images are mirrored at their \
      borders. Validation takes images whole. For volumes one length, or depth, height and width as 32x64x64. (default: 256)
      """
  )
  var size: SampleSize?
  @OptionGroup(title: "Volumes") var volumes: VolumeFlags
  @Option(
    parsing: .upToNextOption,
    help: "One weight a class for losses that take them, with blanks between, such as 0.5 1 2.")
  var classWeights: [Double] = []
  @Option(help: "none, flips, standard or strong; single steps go in a YAML file. (default: flips)")
  var augmentation: String?
  @Option(
    parsing: .unconditional,
    help:
      "Mix each image of a batch with another: the strength of the shares' Beta distribution, such as 0.2.")
  var mixUp: Double?

  func apply(to configuration: inout SegmentationConfiguration) throws {
    set(&configuration.images, images)
    set(&configuration.masks, masks)
    set(&configuration.format, format)
    set(&configuration.validationImages, validationImages)
    set(&configuration.validationMasks, validationMasks)
    set(&configuration.validationFraction, validationFraction)
    set(&configuration.maskEncoding, maskEncoding)
    if let classes { configuration.classes = try SegmentationClass.lines(contentsOf: classes) }
    set(&configuration.ignoreIndex, ignoreIndex)
    set(&configuration.ignoreColor, ignoreColor)
    set(&configuration.normalization, normalization)
    set(&configuration.size, size)
    volumes.apply(to: &configuration.volumes)
    if !classWeights.isEmpty { configuration.classWeights = classWeights }
    if let augmentation { configuration.augmentation = try AugmentationChoice(named: augmentation) }
    set(&configuration.mixUp, mixUp)
  }
}

extension NormalizationChoice: ExpressibleByArgument {}
extension SampleSize: ExpressibleByArgument {
  public init?(argument: String) {
    let lengths = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard !lengths.contains(nil) else { return nil }
    self.init(lengths.compactMap { $0 })
  }
}
