/// Losses: what training makes small.
///
/// Functions of predictions and targets, with the definitions and defaults of PyTorch, of
/// segmentation_models.pytorch 0.6 and of MONAI 1.6; each says whose it follows.
public enum Loss {
  /// How a loss of segmentation reads predictions and targets.
  public enum Mode: Hashable, Sendable {
    /// Predictions [N, 1, space…] or [N, space…], targets of 0 and 1 in that shape.
    case binary
    /// Predictions [N, C, space…], targets [N, space…] of class indices.
    case multiclass
    /// Predictions and targets [N, C, space…], every channel a yes or no of its own.
    case multilabel
  }

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
}
