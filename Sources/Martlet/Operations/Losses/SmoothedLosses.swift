extension Loss {
  /// The cross-entropy with smoothed labels of segmentation_models.pytorch: ``crossEntropy(_:_:classWeights:ignoredIndex:reduction:labelSmoothing:)``
  /// but that its mean is over all positions, those that are ignored being 0.
  ///
  /// - Parameters:
  ///   - logits: [N, C, space…], floating point.
  ///   - targets: [N, space…]; int64, int32 or uint8.
  ///   - smoothing: From 0 to 1: the share of the truth that is spread over all classes.
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a target out of range.
  public static func softCrossEntropy(
    _ logits: Tensor, _ targets: Tensor, smoothing: Double = 0, ignoredIndex: Int = -100,
    reduction: LossReduction = .mean
  ) throws -> Tensor {
    let loss = try crossEntropy(
      logits, targets, ignoredIndex: ignoredIndex, reduction: reduction == .mean ? .sum : reduction,
      labelSmoothing: smoothing)
    return reduction == .mean ? try loss / Double(targets.elementCount) : loss
  }

  /// The binary cross-entropy with smoothed labels of segmentation_models.pytorch: a truth t becomes
  /// t · (1 − ε) + (1 − t) · ε; what is ignored is 0 and stays in the mean.
  ///
  /// - Parameters:
  ///   - logits: As the mode says, floating point.
  ///   - targets: As the mode says. Classes that exclude each other are taken one against the rest.
  ///   - smoothing: ε, from 0 to 1.
  ///   - positiveWeights: What the positive part weighs, broadcast to the logits' shape. `nil` for 1.
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a class index out of range and for
  ///   targets other than 0 and 1.
  public static func softBinaryCrossEntropy(
    _ logits: Tensor, _ targets: Tensor, mode: Mode, smoothing: Double = 0, positiveWeights: Tensor? = nil,
    ignoredIndex: Int? = nil, reduction: LossReduction = .mean
  ) throws -> Tensor {
    let operation = "soft_binary_cross_entropy"
    try require(
      (0...1).contains(smoothing), operation, "expected a label smoothing from 0 to 1, got \(smoothing)")
    let operands = try LossOperands(logits, targets, mode, ignoredIndex: ignoredIndex, operation)
    let truth = try smoothing == 0 ? operands.truth : operands.truth * (1 - 2 * smoothing) + smoothing
    let losses = try operands.counted(
      binaryCrossEntropyWithLogits(
        operands.predictions, truth, positiveWeights: positiveWeights, reduction: .none))
    switch reduction {
    case .none: return losses
    case .sum: return try losses.sum()
    case .mean: return try losses.mean()
    }
  }
}
