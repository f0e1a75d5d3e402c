/// Losses: what training makes small.
///
/// Functions of predictions and targets, with PyTorch's definitions and defaults.
public enum Loss {
  /// The squared difference, its mean by default. Shapes must be equal.
  public static func meanSquaredError(
    _ predictions: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
  ) throws -> Tensor {
    try require(
      predictions.shape == targets.shape, "mse_loss",
      "expected targets of shape \(predictions.shape), got \(targets.shape)")
    let squares = try (predictions - targets).square()
    switch reduction {
    case .none: return squares
    case .sum: return try squares.sum()
    case .mean: return try squares.mean()
    }
  }

  /// What a Dice loss is given: see ``dice(_:_:mode:fromLogits:smooth:epsilon:ignoredIndex:)``.
  public enum DiceMode: Hashable, Sendable {
    /// Predictions [N, 1, space…] or [N, space…], targets of 0 and 1 in that shape.
    case binary
    /// Predictions [N, C, space…], targets [N, space…] of class indices.
    case multiclass
    /// Predictions and targets [N, C, space…], every channel a yes or no of its own.
    case multilabel
  }

  /// The soft Dice loss of segmentation_models.pytorch: for each class 1 − (2 Σ p·t + s) / max(Σ p + Σ t + s, ε),
  /// with p the probabilities and t the targets, sums over batch and space; 0 for a class that no target has; the
  /// mean over classes.
  ///
  /// - Parameters:
  ///   - predictions: Logits or probabilities, floating point.
  ///   - targets: As the mode says. Class indices are int64, int32 or uint8; others any type.
  ///   - fromLogits: Whether to take softmax (multiclass) or sigmoid of the predictions first.
  ///   - smooth: s, added above and below.
  ///   - epsilon: ε, the least that is divided by.
  ///   - ignoredIndex: A target that takes no part.
  /// - Returns: Shape [].
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a class index out of range.
  public static func dice(
    _ predictions: Tensor, _ targets: Tensor, mode: DiceMode, fromLogits: Bool = true, smooth: Double = 0,
    epsilon: Double = 1e-7, ignoredIndex: Int? = nil
  ) throws -> Tensor {
    let scalar = predictions.scalar
    try require(
      scalar.isFloatingPoint && predictions.rank >= 2, "dice_loss",
      "expected floating-point predictions with a batch, got \(predictions.type)")
    var probabilities: Tensor
    var truth: Tensor
    let axes: [Int]
    if mode == .multiclass {
      let logits = try predictions.converted(to: .channelsLast)
      probabilities = try fromLogits ? logits.softmax(axis: 1) : logits
      truth = try targets.converted(to: .rowMajor).oneHot(
        classes: predictions.shape[1], scalar, ignoredIndex: ignoredIndex)
      try require(
        truth.shape == predictions.shape, "dice_loss",
        "expected targets of shape \([predictions.shape[0]] + predictions.shape[2...]) for predictions "
          + "\(predictions.shape), got \(targets.shape)")
      if ignoredIndex != nil {
        // One where a position has a class, zero where it is ignored.
        probabilities = try probabilities * truth.sum(axes: [1], keepDimensions: true)
      }
      axes = [0] + Array(2..<predictions.rank)
    } else {
      try require(
        targets.shape == predictions.shape, "dice_loss",
        "expected targets of shape \(predictions.shape), got \(targets.shape)")
      probabilities = try fromLogits ? predictions.sigmoid() : predictions
      truth = try targets.cast(to: scalar)
      if let ignoredIndex {
        let counts = try truth.notEqual(to: Double(ignoredIndex)).cast(to: scalar)
        probabilities = try probabilities * counts
        truth = try truth * counts
      }
      axes = mode == .multilabel ? [0] + Array(2..<predictions.rank) : Array(0..<predictions.rank)
    }
    let intersection = try (probabilities * truth).sum(axes: axes)
    let present = try truth.sum(axes: axes)
    let cardinality = try probabilities.sum(axes: axes) + present
    let score = try (2 * intersection + smooth) / (cardinality + smooth).clamp(min: epsilon)
    return try ((1 - score) * present.greater(than: 0).cast(to: scalar)).mean()
  }
}
