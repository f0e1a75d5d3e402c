extension Loss {
  /// The focal loss of segmentation_models.pytorch: (1 − q)^γ · −log q for each element, with q the probability that
  /// the sigmoid of its logit gives to the truth. Classes that exclude each other are taken one against the rest.
  ///
  /// Lin et al., "Focal loss for dense object detection", 2017. The factor is computed as e^(−γ · −log(1 − q)) and so
  /// has a slope everywhere, for sure predictions too.
  ///
  /// - Parameters:
  ///   - logits: As the mode says, floating point.
  ///   - targets: As the mode says, integers or bool.
  ///   - alpha: Elements that are true are weighted by α, others by 1 − α; `nil` for equal weights.
  ///   - gamma: 0 or more; 0 is binary cross-entropy.
  ///   - isNormalized: Whether to divide by the sum of the factors (1 − q)^γ, for each class by itself.
  ///   - reduction: `.mean` over the elements that count of each class, then over classes; `.sum` the same with sums.
  ///   - ignoredIndex: A target that takes no part.
  ///   - classWeights: One weight a class for the mean over classes, Σ w · x / Σ w.
  ///   - epsilon: The least sum of factors that is divided by.
  /// - Returns: Shape []; not a number where no element counts and the mean is taken.
  /// - Throws: ``MartletError`` when shapes, types or weights do not fit; when it runs, for a class index out of range
  ///   and for targets other than 0 and 1.
  public static func focal(
    _ logits: Tensor, _ targets: Tensor, mode: Mode, alpha: Double? = nil, gamma: Double = 2,
    isNormalized: Bool = false, reduction: LossReduction = .mean, ignoredIndex: Int? = nil,
    classWeights: [Double]? = nil, epsilon: Double = 1e-6
  ) throws -> Tensor {
    let operation = "focal_loss"
    try require(
      gamma >= 0 && gamma.isFinite, operation, "expected an exponent of 0 or more, got \(gamma)")
    try require(
      alpha.map { (0...1).contains($0) } ?? true, operation,
      "expected alpha from 0 to 1, got \(alpha ?? .nan)")
    try require(reduction != .none, operation, "expected a mean or a sum, got no reduction")
    try require(
      !targets.scalar.isFloatingPoint, operation, "expected integer or bool targets, got \(targets.type)")
    let operands = try LossOperands(logits, targets, mode, ignoredIndex: ignoredIndex, operation)
    let truth = operands.truth
    var losses = try binaryCrossEntropyWithLogits(operands.predictions, truth, reduction: .none)
    var factors: Tensor?
    if gamma != 0 {
      let opposite = try binaryCrossEntropyWithLogits(operands.predictions, 1 - truth, reduction: .none)
      let factor = try (opposite * -gamma).exp()
      losses = try factor * losses
      factors = factor
    }
    if let alpha { losses = try losses * (truth * (2 * alpha - 1) + (1 - alpha)) }
    var sums = try operands.counted(losses).sum(axes: operands.axes)
    let positions = try operands.countedPositions()
    if isNormalized {
      let norm = try factors.map { try operands.counted($0).sum(axes: operands.axes) } ?? positions
      sums = try sums / norm.clamp(min: epsilon)
    }
    return try operands.classMean(
      reduction == .mean ? sums / positions : sums, classes: nil, weights: classWeights, operation)
  }
}
