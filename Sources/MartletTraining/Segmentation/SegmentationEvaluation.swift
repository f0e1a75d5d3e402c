/// How well a network segments a set of images.
public struct SegmentationEvaluation: Sendable {
  /// One image of the set.
  public struct ImageScore: Hashable, Sendable {
    /// The file's name without extension.
    public var name: String
    /// Position in the dataset.
    public var index: Int
    /// Mean IoU over the image's classes.
    public var meanIntersectionOverUnion: Double
  }

  /// Mean over images, but for batches without a pixel that counts; `nan` when there is no other.
  public var loss: Double
  /// What loss that is, as configurations name it.
  public var lossName = "cross-entropy"
  /// Pixels of the whole set.
  public var confusion: ConfusionMatrix
  /// In the order of the classes' indices.
  public var classNames: [String]
  /// In the order of the dataset.
  public var images: [ImageScore]
  /// The counts of each class in each image.
  public var statistics: PixelStatistics
  /// Where it was asked for, as the two that follow.
  public var calibration: Calibration?
  /// Of images alone: objects are not looked for in volumes.
  public var instances: InstanceScores?
  /// Distances in units of the spacing that was asked for, or of volumes' own.
  public var surfaces: SurfaceScores?
  /// The depth, height and width of each volume's voxels; `nil` for images.
  public var volumeSpacings: [[Double]]?
  /// Where the network has a precision below float32.
  public var precision: PrecisionReport?

  /// What decides which epoch is best: the mean IoU over classes, of all pixels together.
  public var score: Double { confusion.meanIntersectionOverUnion }

  /// The figures in the order in which they are shown and kept.
  public var namedMetrics: [(name: String, value: Double)] {
    var metrics = [
      ("pixel_accuracy", confusion.pixelAccuracy), ("mean_iou", confusion.meanIntersectionOverUnion),
      ("mean_dice", confusion.meanDice),
    ]
    for (index, name) in classNames.enumerated() {
      metrics.append(("iou_\(name)", confusion.intersectionOverUnion(index)))
      metrics.append(("dice_\(name)", confusion.dice(index)))
    }
    // Columns of a run's file keep their places: what is new comes last.
    metrics.append(("cohens_kappa", confusion.cohensKappa))
    for (index, name) in classNames.enumerated() {
      metrics.append(("precision_\(name)", confusion.precision(index)))
      metrics.append(("recall_\(name)", confusion.recall(index)))
    }
    return metrics
  }
}

extension SegmentationEvaluation {
  /// Nothing measured yet, for the names of what will be.
  init(classNames: [String]) {
    let classCount = max(classNames.count, 1)
    self.init(
      loss: .nan, confusion: ConfusionMatrix(classCount: classCount), classNames: classNames, images: [],
      statistics: PixelStatistics(classCount: classCount))
  }
}
