extension AugmentationPipeline {
  /// No change but the random crop where images are larger than the window.
  public static let none = AugmentationPipeline()

  /// Flips and quarter turns: what leaves every pixel's value as it is.
  public static let flips = AugmentationPipeline(
    horizontalFlip: AugmentationFlip(), verticalFlip: AugmentationFlip(),
    quarterTurns: AugmentationQuarterTurns())

  /// For pictures without a direction, as from a microscope or from above: flips, turns, scale, brightness
  /// and contrast.
  public static let standard = AugmentationPipeline(
    horizontalFlip: AugmentationFlip(), verticalFlip: AugmentationFlip(),
    quarterTurns: AugmentationQuarterTurns(), scale: AugmentationScale(),
    brightness: AugmentationStrength(), contrast: AugmentationStrength(strength: 0.2))

  /// ``standard`` with rotation, elastic deformation, gamma and noise: for small datasets, as in the U-Net
  /// paper.
  public static let strong = AugmentationPipeline(
    horizontalFlip: AugmentationFlip(), verticalFlip: AugmentationFlip(),
    quarterTurns: AugmentationQuarterTurns(), scale: AugmentationScale(),
    rotation: AugmentationRotation(), elastic: AugmentationElastic(),
    brightness: AugmentationStrength(), contrast: AugmentationStrength(strength: 0.2),
    gamma: AugmentationStrength(strength: 0.3), noise: AugmentationStrength(strength: 0.05))

  /// Every step there is, with its defaults: what the keys of files are compared with. It is not meant for training.
  public static let complete: AugmentationPipeline = {
    var pipeline = AugmentationPipeline()
    for entry in entries { entry.addDefaults(&pipeline) }
    return pipeline
  }()
}
