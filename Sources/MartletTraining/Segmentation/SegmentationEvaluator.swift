import Martlet
import MartletData
import MartletModels

/// How well a network segments a set of images.
public struct SegmentationEvaluation: Sendable {
  /// One image of the set.
  public struct ImageScore: Hashable, Sendable {
    public var name: String
    /// Position in the dataset.
    public var index: Int
    /// Mean IoU over the image's classes.
    public var meanIntersectionOverUnion: Double
  }

  /// Mean over images, but for batches without a pixel that counts; `nan` when there is no other.
  public var loss: Double
  /// Pixels of the whole set.
  public var confusion: ConfusionMatrix
  public var classNames: [String]
  public var images: [ImageScore]
  /// The counts of each class in each image.
  public var statistics: PixelStatistics
  /// Where it was asked for, as the two that follow.
  public var calibration: Calibration?
  public var instances: InstanceScores?
  public var surfaces: SurfaceScores?
  /// The depth, height and width of each volume's voxels; `nil` for images.
  public var volumeSpacings: [[Double]]?

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

/// Runs a network over whole images and compares what it says with their masks.
public final class SegmentationEvaluator {
  private let network: any SegmentationModel
  private let description: SegmentationModelDescription
  private let loss: SegmentationLoss
  private let numerics: Numerics

  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, loss: SegmentationLoss,
    numerics: Numerics = .current
  ) {
    self.network = network
    self.description = description
    self.loss = loss
    self.numerics = numerics
  }

  /// - Parameters:
  ///   - measures: What is measured beside the counts of pixels.
  ///   - spacing: The height and the width of a pixel, for distances.
  /// - Throws: ``MartletError`` when a file cannot be read any more, and for a spacing that is none.
  public func evaluate(
    _ data: SegmentationDataset, batchSize: Int, measures: SegmentationMeasures = [],
    spacing: [Double] = [1, 1]
  ) throws -> SegmentationEvaluation {
    let loader = try BatchLoader(
      data, batchSize: batchSize, frame: .whole(multipleOf: 1), normalization: description.normalization)
    let names = data.classes.map(\.name)
    var meter = try SegmentationMeter(classCount: names.count, measures: measures, spacing: spacing)
    var lossSum = 0.0
    var lossCount = 0
    var images: [SegmentationEvaluation.ImageScore] = []
    let batches = loader.batches(epoch: 0)
    let givesConfidences = measures.contains(.calibration)
    // Weights do not change meanwhile.
    let predictor = predictor(givesConfidences: givesConfidences)
    while let batch = try batches.next() {
      let results = try predictor([batch.images, try batch.labelTensor(.uint8)])
      if loss.isDefined(for: batch.labels) {
        lossSum += try results[1].cast(to: .float64).item(Double.self) * Double(batch.count)
        lossCount += batch.count
      }
      let classes = try results[0].scalars(UInt8.self)
      let confidences = givesConfidences ? try results[2].scalars(Float.self) : []
      let area = batch.height * batch.width
      for (position, index) in batch.sampleIndices.enumerated() {
        let pixels = position * area..<(position + 1) * area
        let counts = try meter.add(
          SegmentationMeter.Image(
            width: batch.width, height: batch.height, truth: Array(batch.labels[pixels]),
            prediction: Array(classes[pixels]),
            confidences: givesConfidences ? Array(confidences[pixels]) : []))
        images.append(
          .init(
            name: data.samples[index].name, index: index,
            meanIntersectionOverUnion: counts.meanIntersectionOverUnion))
      }
    }
    return SegmentationEvaluation(
      loss: lossCount == 0 ? .nan : lossSum / Double(lossCount), confusion: meter.confusion,
      classNames: names, images: images, statistics: meter.statistics, calibration: meter.calibration,
      instances: meter.instances, surfaces: meter.surfaces)
  }

  /// From images and labels to classes, loss and, where they are wanted, the classes' probabilities.
  private func predictor(givesConfidences: Bool) -> Predictor {
    .borrowing(numerics: numerics) { [network, loss] arguments in
      let logits = try network.logits(arguments[0])
      let results = [try logits.argmax(axis: 1).cast(to: .uint8), try loss(logits, arguments[1])]
      return givesConfidences
        ? results + [try logits.softmax(axis: 1).max(axes: [1]).cast(to: .float32)] : results
    }
  }
}
