import Martlet
import MartletData
import MartletModels

/// Gives each voxel of a volume its class, window by window.
public final class VolumePredictor {
  public let description: SegmentationModelDescription
  private let volumes: VolumeDescription
  private let network: any SegmentationModel
  private let probabilities: RecordedNetwork

  /// - Parameter isFrozen: Whether the network stays as it is: its weights are then prepared once, and it has the task's
  ///   ``Precision``.
  /// - Throws: ``MartletError`` for a network that is not for volumes.
  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, numerics: Numerics = .current,
    isFrozen: Bool = false
  ) throws {
    self.network = network
    self.description = description
    probabilities = RecordedNetwork(isFrozen: isFrozen, numerics: numerics) {
      [try network.logits($0[0]).softmax(axis: 1).converted(to: .channelsLast)]
    }
    volumes = try description.volumeDescription()
  }

  /// The class of each voxel.
  ///
  /// - Throws: ``MartletError`` when the volume has other channels, or memory is short.
  public func labels(
    of volume: Volume, overlap: Double = 0.25, blend: WindowBlend = .gaussian
  ) throws -> [UInt8] {
    var labels: [UInt8] = []
    labels.reserveCapacity(volume.size.count)
    try predict(volume, overlap: overlap, blend: blend) { labels += $0.labels }
    return labels
  }

  /// Predicts a volume and passes on its slices from the first to the last.
  ///
  /// - Throws: ``MartletError`` when the volume has other channels, or memory is short; whatever `body` throws.
  public func predict(
    _ volume: Volume, overlap: Double, blend: WindowBlend, _ body: (PredictedSlice) throws -> Void
  ) throws {
    try windows(overlap, blend).predict(volume, { window, _ in try probabilities([window])[0] }, body)
  }

  /// Bytes that a volume takes, besides the network's weights.
  ///
  /// - Throws: ``MartletError`` for an overlap that cannot be meant.
  func byteCount(_ header: NIfTIHeader, overlap: Double) throws -> Int {
    let voxels = header.size.count.saturatingProduct(4 * header.channels)
    let window = volumes.window.count * 4 * (description.inputChannels + network.classCount)
    return try voxels.saturatingSum(windows(overlap, .gaussian).byteCount(header.size))
      .saturatingSum(window).saturatingSum(probabilities.plan(for: [windowType]).arenaByteCount)
  }

  private func windows(_ overlap: Double, _ blend: WindowBlend) throws -> VolumeWindows {
    try VolumeWindows(
      window: volumes.window, overlap: overlap, blend: blend, normalization: volumes.normalization,
      classCount: network.classCount)
  }

  private var windowType: TensorType {
    TensorType([1, description.inputChannels] + volumes.window.lengths, .float32, .channelsLast)
  }
}
