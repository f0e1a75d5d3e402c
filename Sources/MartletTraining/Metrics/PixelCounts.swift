import Martlet

/// The four counts of a yes-or-no question about pixels, such as whether they are of a class.
public struct PixelCounts: Hashable, Sendable {
  /// Yes in truth and prediction.
  public var truePositives: Int
  /// Yes in the prediction alone.
  public var falsePositives: Int
  /// Yes in the truth alone.
  public var falseNegatives: Int
  /// No in truth and prediction.
  public var trueNegatives: Int

  public init(truePositives: Int, falsePositives: Int, falseNegatives: Int, trueNegatives: Int) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
    self.trueNegatives = trueNegatives
  }

  /// The counts of no pixels.
  public static let zero = PixelCounts(
    truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0)

  /// The counts of both sets of pixels together.
  public static func + (a: PixelCounts, b: PixelCounts) -> PixelCounts {
    PixelCounts(
      truePositives: a.truePositives + b.truePositives, falsePositives: a.falsePositives + b.falsePositives,
      falseNegatives: a.falseNegatives + b.falseNegatives, trueNegatives: a.trueNegatives + b.trueNegatives)
  }
}

extension ConfusionMatrix {
  /// The counts of one class against the rest.
  public func pixelCounts(_ index: Int) -> PixelCounts {
    let hits = count(truth: index, prediction: index)
    let (truth, prediction) = (truthCount(index), predictionCount(index))
    return PixelCounts(
      truePositives: hits, falsePositives: prediction - hits, falseNegatives: truth - hits,
      trueNegatives: pixelCount - truth - prediction + hits)
  }
}

/// What is made of ``PixelCounts``, with the definitions of `segmentation_models_pytorch.metrics`.
public enum PixelMeasure: Hashable, Sendable {
  /// TP / (TP + FP + FN)
  case intersectionOverUnion
  /// (1 + β²) TP / ((1 + β²) TP + β² FN + FP)
  case fScore(beta: Double)
  /// TP / (TP + FP)
  case precision
  /// TP / (TP + FN), also called sensitivity.
  case recall
  /// TN / (TN + FP)
  case specificity
  /// (TP + TN) / all
  case accuracy
  /// The mean of recall and specificity.
  case balancedAccuracy

  /// The F-score with β = 1, which is the Dice coefficient.
  public static let dice = PixelMeasure.fScore(beta: 1)

  /// `nan` where it would be divided by 0.
  public func value(_ counts: PixelCounts) -> Double {
    let (tp, fp) = (Double(counts.truePositives), Double(counts.falsePositives))
    let (fn, tn) = (Double(counts.falseNegatives), Double(counts.trueNegatives))
    switch self {
    case .intersectionOverUnion: return tp / (tp + fp + fn)
    case .fScore(let beta):
      let hits = (1 + beta * beta) * tp
      return hits / (hits + beta * beta * fn + fp)
    case .precision: return tp / (tp + fp)
    case .recall: return tp / (tp + fn)
    case .specificity: return tn / (tn + fp)
    case .accuracy: return (tp + tn) / (tp + fp + fn + tn)
    case .balancedAccuracy: return (tp / (tp + fn) + tn / (tn + fp)) / 2
    }
  }
}
