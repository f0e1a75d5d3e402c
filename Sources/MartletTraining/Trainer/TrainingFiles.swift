import Foundation

/// Where a training keeps its files.
public struct TrainingFiles: Sendable {
  /// The last state, to resume from.
  public var checkpoint: URL
  /// The best epoch's weights.
  public var model: URL

  public init(checkpoint: URL, model: URL) {
    self.checkpoint = checkpoint
    self.model = model
  }
}
