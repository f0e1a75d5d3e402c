import Martlet
import MartletKernels

/// How well objects are found one by one: the measure of the 2018 Data Science Bowl.
///
/// An object of the truth is found if an object of the prediction has an intersection over union with it above a threshold. AP(t) = TP / (TP + FP + FN) of an image; the score is its mean over the thresholds 0.50, 0.55 … 0.95 and
/// then over images (Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl",
/// 2019). Objects are the connected regions of one class other than the background, by sides, as ``InstanceMap`` has them;
/// an object is found by one of its own class. An image without any object has no score.
public struct InstanceScores: Hashable, Sendable {
  /// In hundredths, so that comparisons are exact.
  static let thresholds = Array(stride(from: 50, through: 95, by: 5))

  /// Images with an object in truth or prediction.
  public private(set) var images = 0
  /// Objects of all images.
  public private(set) var truthCount = 0
  /// Predicted objects of all images.
  public private(set) var predictionCount = 0
  private var sums = [Double](repeating: 0, count: thresholds.count)

  /// Scores of no images yet.
  public init() {}

  /// Adds an image of class indices, 0 being background.
  ///
  /// - Throws: ``MartletError`` for labels that are not of the size.
  public mutating func add(truth: [UInt8], prediction: [UInt8], width: Int, height: Int) throws {
    let area = width.multipliedReportingOverflow(by: height)
    try require(
      width >= 0 && height >= 0 && !area.overflow && area.partialValue <= Int(Int32.max)
        && truth.count == area.partialValue && prediction.count == area.partialValue, "metrics",
      "expected two label maps of \(width)×\(height), got \(truth.count) and \(prediction.count) pixels")
    func objects(_ labels: [UInt8]) -> (labels: [Int32], count: Int) {
      labels.withUnsafeBufferPointer {
        connectedComponents(
          of: $0, width: width, height: height, connectivity: .four, separatingClasses: true)
      }
    }
    let shareClass = zip(truth, prediction).map { $0 == $1 }
    let (truth, prediction) = (objects(truth), objects(prediction))
    truthCount += truth.count
    predictionCount += prediction.count
    guard truth.count + prediction.count > 0 else { return }
    images += 1
    let overlaps = Self.overlaps(truth, prediction, shareClass)
    for (place, threshold) in Self.thresholds.enumerated() {
      // Above one half an object has at most one partner.
      let found = overlaps.reduce(0) { $0 + ($1.intersection * 100 > $1.union * threshold ? 1 : 0) }
      sums[place] += Double(found) / Double(truth.count + prediction.count - found)
    }
  }

  /// The mean over images and thresholds; `nan` without images.
  public var averagePrecision: Double {
    sums.reduce(0, +) / Double(Self.thresholds.count) / Double(images)
  }

  /// The mean over images at each threshold from 0.50 to 0.95; `nan` without images.
  public var precisions: [(threshold: Double, value: Double)] {
    zip(Self.thresholds, sums).map { (Double($0) / 100, $1 / Double(images)) }
  }

  /// The pairs of one class that share a pixel.
  private static func overlaps(
    _ truth: (labels: [Int32], count: Int), _ prediction: (labels: [Int32], count: Int), _ shareClass: [Bool]
  ) -> [(intersection: Int, union: Int)] {
    struct Pair: Hashable {
      var truth: Int32
      var prediction: Int32
    }
    var truthAreas = [Int](repeating: 0, count: truth.count + 1)
    var predictionAreas = [Int](repeating: 0, count: prediction.count + 1)
    var shared: [Pair: Int] = [:]
    for ((t, p), isOfOneClass) in zip(zip(truth.labels, prediction.labels), shareClass) {
      truthAreas[Int(t)] += 1
      predictionAreas[Int(p)] += 1
      if t > 0, p > 0, isOfOneClass { shared[Pair(truth: t, prediction: p), default: 0] += 1 }
    }
    return shared.map { pair, count in
      (count, truthAreas[Int(pair.truth)] + predictionAreas[Int(pair.prediction)] - count)
    }
  }
}
