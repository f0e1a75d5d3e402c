import Foundation

/// The learning rate as a function of the step: a factor on the base rate.
public enum LearningRateSchedule: Hashable, Sendable {
  /// The base rate throughout, after the warm-up.
  case constant
  /// Multiplied by `factor` after every `period` steps (PyTorch's StepLR).
  case step(period: Int, factor: Double)
  /// From the base rate down to `minimumFactor` of it along half a cosine (Loshchilov and Hutter, "SGDR", 2017,
  /// without restarts).
  case cosine(minimumFactor: Double)

  /// The factor for a step.
  ///
  /// - Parameters:
  ///   - step: The step that is about to run, from 0.
  ///   - totalSteps: Steps of the whole training.
  ///   - warmUpSteps: Steps over which the rate rises linearly, the first of them at 1 / warmUpSteps.
  public func factor(step: Int, totalSteps: Int, warmUpSteps: Int) -> Double {
    if step < warmUpSteps { return Double(step + 1) / Double(warmUpSteps) }
    switch self {
    case .constant: return 1
    case .step(let period, let factor): return pow(factor, Double((step - warmUpSteps) / max(period, 1)))
    case .cosine(let minimum):
      let progress = Double(step - warmUpSteps) / Double(max(totalSteps - warmUpSteps, 1))
      return minimum + (1 - minimum) * 0.5 * (1 + cos(.pi * min(progress, 1)))
    }
  }
}
