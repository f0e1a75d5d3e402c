extension Loss {
  /// The Tversky loss of segmentation_models.pytorch: for each class 1 − T with
  /// T = (I + s) / max(I + α · FP + β · FN + s, ε), where I = Σ min(p, t), FP = Σ p − I and FN = Σ t − I are sums over
  /// batch and space of the probabilities p and targets t. A class that no target has counts with 0 in the mean over
  /// classes. The mean is then raised to the power γ.
  ///
  /// - Salehi, Erdogmus and Gholipour, "Tversky loss function for image segmentation using 3D fully convolutional deep
  ///   networks", 2017.
  /// - With γ other than 1 the focal Tversky loss (Abraham and Khan, "A novel focal Tversky loss function with improved
  ///   attention U-Net for lesion segmentation", 2019), whose exponent is 1 / γ of the paper.
  ///
  /// - Parameters:
  ///   - predictions: Logits or probabilities, floating point.
  ///   - targets: As the mode says. Class indices are int64, int32 or uint8; others any type, 0 and 1, or between if
  ///     they are floating-point numbers.
  ///   - alpha: What false positives weigh.
  ///   - beta: What false negatives weigh.
  ///   - gamma: The mean's exponent, above 0.
  ///   - logarithm: Whether a class's loss is −log max(T, ε) instead of 1 − T.
  ///   - fromLogits: Whether to take softmax (multiclass) or sigmoid of the predictions first.
  ///   - smooth: s, added above and below.
  ///   - epsilon: ε, the least that is divided by and of which the logarithm is taken.
  ///   - ignoredIndex: A target that takes no part.
  ///   - classes: The classes whose mean is taken; `nil` for all.
  ///   - classWeights: One weight a class for the mean, Σ w · x / Σ w.
  /// - Returns: Shape [].
  /// - Throws: ``MartletError`` when shapes, types, classes or weights do not fit; when it runs, for a class index out of
  ///   range and for targets other than 0 and 1.
  public static func tversky(
    _ predictions: Tensor, _ targets: Tensor, mode: Mode, alpha: Double = 0.5, beta: Double = 0.5,
    gamma: Double = 1, logarithm: Bool = false, fromLogits: Bool = true, smooth: Double = 0,
    epsilon: Double = 1e-7, ignoredIndex: Int? = nil, classes: [Int]? = nil, classWeights: [Double]? = nil
  ) throws -> Tensor {
    let perClass = try tverskyLosses(
      predictions, targets, mode, alpha, beta, logarithm, fromLogits, smooth, epsilon, ignoredIndex,
      "tversky_loss")
    let mean = try perClass.operands.classMean(
      perClass.losses, classes: classes, weights: classWeights, "tversky_loss")
    try require(gamma > 0, "tversky_loss", "expected an exponent above 0, got \(gamma)")
    if gamma == 1 { return mean }
    // A root's slope is infinite at 0, where a batch without any class is.
    return try (gamma < 1 ? mean.clamp(min: leastRoot) : mean).power(gamma)
  }

  /// The soft Dice loss of segmentation_models.pytorch: ``tversky(_:_:mode:alpha:beta:gamma:logarithm:fromLogits:smooth:epsilon:ignoredIndex:classes:classWeights:)``
  /// with α = β = ½, which is 1 − (2 I + 2 s) / (Σ p + Σ t + 2 s) for each class.
  public static func dice(
    _ predictions: Tensor, _ targets: Tensor, mode: Mode, logarithm: Bool = false, fromLogits: Bool = true,
    smooth: Double = 0, epsilon: Double = 1e-7, ignoredIndex: Int? = nil, classes: [Int]? = nil,
    classWeights: [Double]? = nil
  ) throws -> Tensor {
    let perClass = try tverskyLosses(
      predictions, targets, mode, 0.5, 0.5, logarithm, fromLogits, smooth, epsilon, ignoredIndex, "dice_loss")
    return try perClass.operands.classMean(
      perClass.losses, classes: classes, weights: classWeights, "dice_loss")
  }

  /// The soft Jaccard loss of segmentation_models.pytorch: ``tversky(_:_:mode:alpha:beta:gamma:logarithm:fromLogits:smooth:epsilon:ignoredIndex:classes:classWeights:)``
  /// with α = β = 1, which is 1 − (I + s) / (Σ p + Σ t − I + s) for each class.
  public static func jaccard(
    _ predictions: Tensor, _ targets: Tensor, mode: Mode, logarithm: Bool = false, fromLogits: Bool = true,
    smooth: Double = 0, epsilon: Double = 1e-7, ignoredIndex: Int? = nil, classes: [Int]? = nil,
    classWeights: [Double]? = nil
  ) throws -> Tensor {
    let perClass = try tverskyLosses(
      predictions, targets, mode, 1, 1, logarithm, fromLogits, smooth, epsilon, ignoredIndex, "jaccard_loss")
    return try perClass.operands.classMean(
      perClass.losses, classes: classes, weights: classWeights, "jaccard_loss")
  }

  private static let leastRoot = 1e-12

  /// Each class's loss.
  private static func tverskyLosses(
    _ predictions: Tensor, _ targets: Tensor, _ mode: Mode, _ alpha: Double, _ beta: Double,
    _ logarithm: Bool, _ fromLogits: Bool, _ smooth: Double, _ epsilon: Double, _ ignoredIndex: Int?,
    _ operation: String
  ) throws -> (losses: Tensor, operands: LossOperands) {
    for (name, value) in [("alpha", alpha), ("beta", beta), ("smoothing", smooth), ("epsilon", epsilon)] {
      try require(
        value >= 0 && value.isFinite, operation, "expected \(name) to be 0 or more, got \(value)")
    }
    let operands = try LossOperands(predictions, targets, mode, ignoredIndex: ignoredIndex, operation)
    let axes = operands.axes
    let truth = operands.truth
    let probabilities = try operands.probabilities(fromLogits: fromLogits)
    let overlap = try operands.isSoft ? probabilities.minimum(truth) : probabilities * truth
    let hits = try overlap.sum(axes: axes)
    let present = try truth.sum(axes: axes)
    let excess = try probabilities.sum(axes: axes) - hits
    let lack = try present - hits
    let score = try (hits + smooth) / (hits + alpha * excess + beta * lack + smooth).clamp(min: epsilon)
    let losses = try logarithm ? -(score.clamp(min: epsilon).log()) : 1 - score
    return (try losses * present.greater(than: 0).cast(to: losses.scalar), operands)
  }
}
