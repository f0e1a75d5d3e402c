import Martlet

/// Counts of how pixels of each true class were predicted, from which the measures of segmentation follow.
///
/// Counts are whole numbers, so a measure does not depend on how images were cut into batches or in which order they
/// came. Measures are those of the PASCAL VOC challenge (Everingham et al., 2010), taken over all pixels at once and
/// not averaged over images.
///
/// A class that appears neither in the truth nor in the predictions has no intersection over union and no Dice
/// coefficient: these are `nan` for it, and means leave it out. A class that is only predicted, or only missed,
/// counts with 0.
public struct ConfusionMatrix: Hashable, Sendable {
  /// Classes have the indices from 0 up to, but without, this.
  public let classCount: Int
  /// The true class of pixels that do not count.
  public let ignoreIndex: Int?
  /// Pixels of true class t that were predicted as p, at t × ``classCount`` + p.
  public private(set) var counts: [Int]

  /// An empty matrix.
  ///
  /// - Precondition: `classCount` is at least 1.
  public init(classCount: Int, ignoreIndex: Int? = nil) {
    precondition(classCount > 0, "a confusion matrix needs a class")
    self.classCount = classCount
    self.ignoreIndex = ignoreIndex
    counts = [Int](repeating: 0, count: classCount * classCount)
  }

  /// Pixels of one true class that were predicted as another.
  public func count(truth: Int, prediction: Int) -> Int { counts[truth * classCount + prediction] }

  /// Counts the pixels of one or more images.
  ///
  /// - Throws: ``MartletError`` if the numbers of pixels differ, or if there is a class beyond ``classCount``; nothing
  ///   is counted then.
  public mutating func add<Truth: BinaryInteger, Prediction: BinaryInteger>(
    truth: UnsafeBufferPointer<Truth>, prediction: UnsafeBufferPointer<Prediction>
  ) throws {
    try require(
      truth.count == prediction.count, "metrics",
      "expected predictions for \(truth.count) pixels, got \(prediction.count)")
    var sums = counts
    for i in truth.indices {
      let t = Int(truncatingIfNeeded: truth[i])
      if t == ignoreIndex { continue }
      let p = Int(truncatingIfNeeded: prediction[i])
      guard t >= 0, t < classCount, p >= 0, p < classCount else {
        throw MartletError(
          "metrics",
          "expected classes 0 to \(classCount - 1), got truth \(t) and prediction \(p) at pixel \(i)")
      }
      sums[t * classCount + p] += 1
    }
    counts = sums
  }

  /// Counts the pixels of one or more images; see ``add(truth:prediction:)``.
  public mutating func add<Truth: BinaryInteger, Prediction: BinaryInteger>(
    truth: [Truth], prediction: [Prediction]
  ) throws {
    try truth.withUnsafeBufferPointer { truth in
      try prediction.withUnsafeBufferPointer { try add(truth: truth, prediction: $0) }
    }
  }

  /// Adds the counts of a matrix of as many classes.
  public static func += (left: inout ConfusionMatrix, right: ConfusionMatrix) {
    precondition(
      left.classCount == right.classCount, "confusion matrices of different classes cannot be added")
    for i in left.counts.indices { left.counts[i] += right.counts[i] }
  }

  /// Pixels counted.
  public var pixelCount: Int { counts.reduce(0, +) }

  /// Pixels whose true class is this one.
  public func truthCount(_ index: Int) -> Int {
    (0..<classCount).reduce(0) { $0 + count(truth: index, prediction: $1) }
  }

  /// Pixels that were predicted as this class.
  public func predictionCount(_ index: Int) -> Int {
    (0..<classCount).reduce(0) { $0 + count(truth: $1, prediction: index) }
  }

  /// Share of pixels that were predicted right; `nan` without pixels.
  public var pixelAccuracy: Double {
    Self.ratio((0..<classCount).reduce(0) { $0 + count(truth: $1, prediction: $1) }, pixelCount)
  }

  /// Intersection over union of one class: TP / (TP + FP + FN).
  public func intersectionOverUnion(_ index: Int) -> Double {
    let hits = count(truth: index, prediction: index)
    return Self.ratio(hits, truthCount(index) + predictionCount(index) - hits)
  }

  /// Dice coefficient of one class: 2 TP / (2 TP + FP + FN).
  public func dice(_ index: Int) -> Double {
    Self.ratio(2 * count(truth: index, prediction: index), truthCount(index) + predictionCount(index))
  }

  /// Mean of the classes' intersection over union, without absent classes; `nan` if all are absent.
  public var meanIntersectionOverUnion: Double { mean(intersectionOverUnion) }

  /// Mean of the classes' Dice coefficients, without absent classes; `nan` if all are absent.
  public var meanDice: Double { mean(dice) }

  /// Intersection over union of everything that is not class 0, the background, taken as one class: the
  /// intersection is where truth and prediction both are some foreground class, not necessarily the same.
  public var foregroundIntersectionOverUnion: Double {
    let backgrounds = count(truth: 0, prediction: 0)
    let union = pixelCount - backgrounds
    return Self.ratio(union - (truthCount(0) - backgrounds) - (predictionCount(0) - backgrounds), union)
  }

  /// The mean over classes of a measure, without those for which it is `nan`.
  func mean(_ measure: (Int) -> Double) -> Double {
    let values = (0..<classCount).map(measure).filter { !$0.isNaN }
    return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }

  private static func ratio(_ part: Int, _ whole: Int) -> Double {
    whole == 0 ? .nan : Double(part) / Double(whole)
  }
}
