import Martlet

/// How the counts of many images and classes become one number, with the names and definitions of
/// `segmentation_models_pytorch.metrics`.
public enum PixelReduction: String, CaseIterable, Hashable, Sendable {
  /// The measure of all counts' sum.
  case micro
  /// The mean over classes, each measured on the sum over images.
  case macro
  /// The same weighted by class weights, which must be given.
  case weighted
  /// The mean over images, each measured on the sum over classes.
  case microImagewise = "micro-imagewise"
  /// The mean over images and classes.
  case macroImagewise = "macro-imagewise"
  /// The mean over classes of the mean over images times the class's share of all class weights, which must be given.
  /// As in segmentation_models.pytorch it is a mean and not a sum, so that it is at most one over the number of classes.
  case weightedImagewise = "weighted-imagewise"
}

/// The counts of each class in each image of a set, one image after the other.
public struct PixelStatistics: Hashable, Sendable {
  /// How many counts each image has.
  public let classCount: Int
  /// For each image the counts of each class.
  public private(set) var images: [[PixelCounts]] = []

  /// - Precondition: `classCount` is at least 1.
  public init(classCount: Int) {
    precondition(classCount > 0, "statistics need a class")
    self.classCount = classCount
  }

  /// Adds an image.
  ///
  /// - Precondition: The matrix has as many classes.
  public mutating func add(_ image: ConfusionMatrix) {
    precondition(image.classCount == classCount, "statistics of other classes")
    images.append((0..<classCount).map(image.pixelCounts))
  }

  /// A measure of each class in each image.
  ///
  /// - Parameter zeroDivision: What takes the place of a division of 0 by 0.
  public func values(_ measure: PixelMeasure, zeroDivision: Double = 1) -> [[Double]] {
    images.map { $0.map { Self.value(measure, $0, zeroDivision) } }
  }

  /// A measure of all images.
  ///
  /// - Parameters:
  ///   - classWeights: One weight a class, for the weighted reductions; the macro reductions take them too.
  ///   - zeroDivision: What takes the place of a division of 0 by 0, but not with ``PixelReduction/micro``, where it is
  ///     `nan`.
  /// - Throws: ``MartletError`` for weights that are missing, of another number, negative or all 0.
  public func value(
    _ measure: PixelMeasure, _ reduction: PixelReduction, classWeights: [Double]? = nil,
    zeroDivision: Double = 1
  ) throws -> Double {
    let shares = try self.shares(classWeights, reduction)
    func handled(_ counts: PixelCounts) -> Double { Self.value(measure, counts, zeroDivision) }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    func weighted(_ values: [Double]) -> [Double] { zip(values, shares).map { $0 * $1 } }
    switch reduction {
    case .micro: return measure.value(images.joined().reduce(.zero, +))
    case .macro: return mean(weighted(classSums.map(handled)))
    case .weighted: return weighted(classSums.map(handled)).reduce(0, +)
    case .microImagewise: return mean(images.map { handled($0.reduce(.zero, +)) })
    case .macroImagewise, .weightedImagewise:
      let byClass = (0..<classCount).map { index in mean(images.map { handled($0[index]) }) }
      return mean(weighted(byClass))
    }
  }

  /// The counts of each class in all images.
  private var classSums: [PixelCounts] {
    (0..<classCount).map { index in images.reduce(.zero) { $0 + $1[index] } }
  }

  /// What each class's value is multiplied by: 1 without weights, else its share of them.
  private func shares(_ weights: [Double]?, _ reduction: PixelReduction) throws -> [Double] {
    guard let weights else {
      try require(
        reduction != .weighted && reduction != .weightedImagewise, "metrics",
        "expected class weights for the reduction \(reduction.rawValue), got none")
      return [Double](repeating: 1, count: classCount)
    }
    let sum = weights.reduce(0, +)
    try require(
      weights.count == classCount && weights.allSatisfy { $0 >= 0 } && sum > 0 && sum.isFinite, "metrics",
      "expected \(classCount) class weights of 0 or more and one above 0, got \(weights)")
    return weights.map { $0 / sum }
  }

  private static func value(
    _ measure: PixelMeasure, _ counts: PixelCounts, _ zeroDivision: Double
  ) -> Double {
    let value = measure.value(counts)
    return value.isNaN ? zeroDivision : value
  }
}
