import Martlet
import MartletData

/// What has to be known to use a network for volumes, besides what those for images have.
public struct VolumeDescription: Hashable, Sendable, Codable {
  /// What the network was trained on, and is given windows of.
  public var window: VolumeSize
  public var normalization: VolumeNormalization

  public init(window: VolumeSize, normalization: VolumeNormalization) {
    self.window = window
    self.normalization = normalization
  }
}

extension SegmentationModelDescription {
  /// What is known for volumes.
  ///
  /// - Throws: ``MartletError`` for a network for images, and when channels do not fit.
  func volumeDescription() throws -> VolumeDescription {
    guard let volumes else {
      throw MartletError("model", "expected a network for volumes, got one for images")
    }
    try require(
      volumes.normalization.channels == inputChannels, "model",
      "expected a normalization of \(counted(inputChannels, "channel")), got \(volumes.normalization.channels)"
    )
    return volumes
  }
}
