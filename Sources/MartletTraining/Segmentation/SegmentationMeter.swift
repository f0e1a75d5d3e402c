import Martlet
import MartletData

/// What is measured of a segmentation beside its pixels' classes: these cost more than counting.
public struct SegmentationMeasures: OptionSet, Hashable, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// ``Calibration``, from the probabilities of the chosen classes.
  public static let calibration = SegmentationMeasures(rawValue: 1)
  /// ``InstanceScores``, from connected components.
  public static let instances = SegmentationMeasures(rawValue: 2)
  /// ``SurfaceScores``, from distance transforms.
  public static let distances = SegmentationMeasures(rawValue: 4)

  /// All three.
  public static let all: SegmentationMeasures = [.calibration, .instances, .distances]
}

/// Collects the measures of images one by one.
struct SegmentationMeter {
  /// One image or volume, row by row.
  struct Image {
    /// [height, width] or [depth, height, width]
    var shape: [Int]
    /// The size of a pixel along each of these; `nil` for that of all images.
    var spacing: [Double]?
    /// Class indices or ``LabelMap/ignored``.
    var truth: [UInt8]
    var prediction: [UInt8]
    /// The probabilities of the predicted classes, where they are wanted.
    var confidences: [Float]
  }

  private(set) var confusion: ConfusionMatrix
  private(set) var statistics: PixelStatistics
  private(set) var calibration: Calibration?
  private(set) var instances: InstanceScores?
  private(set) var surfaces: SurfaceScores?

  /// - Throws: ``MartletError`` for a spacing that is none.
  init(classCount: Int, measures: SegmentationMeasures, spacing: [Double], axes: Int = 2) throws {
    confusion = ConfusionMatrix(classCount: classCount, ignoreIndex: Int(LabelMap.ignored))
    statistics = PixelStatistics(classCount: classCount)
    if measures.contains(.calibration) { calibration = Calibration() }
    if measures.contains(.instances) { instances = InstanceScores() }
    if measures.contains(.distances) {
      surfaces = try SurfaceScores(classCount: classCount, spacing: spacing, axes: axes)
    }
  }

  /// Adds an image and returns its own counts.
  mutating func add(_ image: Image) throws -> ConfusionMatrix {
    var one = ConfusionMatrix(classCount: confusion.classCount, ignoreIndex: confusion.ignoreIndex)
    try one.add(truth: image.truth, prediction: image.prediction)
    confusion += one
    statistics.add(one)
    try calibration?.add(
      truth: image.truth, prediction: image.prediction, confidences: image.confidences,
      ignored: LabelMap.ignored)
    guard instances != nil || surfaces != nil else { return one }
    // What is ignored belongs to no object, in the truth and in the prediction.
    let truth = image.truth.map { $0 == LabelMap.ignored ? 0 : $0 }
    let prediction = zip(image.truth, image.prediction).map { $0 == LabelMap.ignored ? 0 : $1 }
    if image.shape.count == 2 {
      try instances?.add(
        truth: truth, prediction: prediction, width: image.shape[1], height: image.shape[0])
    }
    try surfaces?.add(truth: truth, prediction: prediction, shape: image.shape, spacing: image.spacing)
    return one
  }
}

extension SegmentationMeter.Image {
  init(width: Int, height: Int, truth: [UInt8], prediction: [UInt8], confidences: [Float]) {
    self.init(
      shape: [height, width], truth: truth, prediction: prediction, confidences: confidences)
  }
}

extension SegmentationEvaluation {
  /// Takes over what was measured.
  mutating func take(_ meter: SegmentationMeter) {
    confusion = meter.confusion
    statistics = meter.statistics
    calibration = meter.calibration
    instances = meter.instances
    surfaces = meter.surfaces
  }
}
