/// Precision, recall and F1 of each class and their means: the numbers of scikit-learn's `classification_report`.
public struct ClassificationReport: Hashable, Sendable {
  /// The figures of a class, or the mean of those of all classes.
  public struct Row: Hashable, Sendable {
    /// TP / (TP + FP)
    public var precision: Double
    /// TP / (TP + FN)
    public var recall: Double
    /// 2 TP / (2 TP + FP + FN), the Dice coefficient.
    public var f1: Double
    /// Pixels that are of the class in truth.
    public var support: Int
  }

  /// One for each class of the matrix, those too that are neither in the truth nor predicted: scikit-learn lists them
  /// where they are given as `labels`.
  public var classes: [Row]
  /// Share of the pixels that were predicted right; `nan` without pixels.
  public var accuracy: Double
  /// The mean over classes.
  public var macroAverage: Row
  /// The mean weighted by support.
  public var weightedAverage: Row

  /// - Parameter zeroDivision: What takes the place of a division of 0 by 0.
  public init(_ confusion: ConfusionMatrix, zeroDivision: Double = 0) {
    classes = (0..<confusion.classCount).map { index in
      let counts = confusion.pixelCounts(index)
      func value(_ measure: PixelMeasure) -> Double {
        let value = measure.value(counts)
        return value.isNaN ? zeroDivision : value
      }
      return Row(
        precision: value(.precision), recall: value(.recall), f1: value(.dice),
        support: confusion.truthCount(index))
    }
    accuracy = confusion.pixelAccuracy
    let total = confusion.pixelCount
    func average(_ share: (Row) -> Double, _ classes: [Row]) -> Row {
      func sum(_ value: (Row) -> Double) -> Double { classes.reduce(0) { $0 + share($1) * value($1) } }
      return Row(precision: sum(\.precision), recall: sum(\.recall), f1: sum(\.f1), support: total)
    }
    macroAverage = average({ [count = classes.count] _ in 1 / Double(count) }, classes)
    weightedAverage =
      total == 0
      ? Row(precision: zeroDivision, recall: zeroDivision, f1: zeroDivision, support: 0)
      : average({ Double($0.support) / Double(total) }, classes)
  }
}

extension ConfusionMatrix {
  /// Cohen's kappa, as scikit-learn's `cohen_kappa_score`: how far truth and prediction agree beyond chance,
  /// (p − e) / (1 − e) with p the share of pixels that agree and e the share that would if both were drawn at random.
  /// `nan` without pixels and where only one class is there.
  public var cohensKappa: Double {
    let total = Double(pixelCount)
    let expected = (0..<classCount).reduce(0.0) {
      $0 + Double(truthCount($1)) / total * (Double(predictionCount($1)) / total)
    }
    return expected == 1 ? .nan : (pixelAccuracy - expected) / (1 - expected)
  }

  /// Share of the pixels predicted as a class that are of it; `nan` where none were.
  public func precision(_ index: Int) -> Double { PixelMeasure.precision.value(pixelCounts(index)) }

  /// Share of a class's pixels that were predicted as it; `nan` where there are none.
  public func recall(_ index: Int) -> Double { PixelMeasure.recall.value(pixelCounts(index)) }
}
