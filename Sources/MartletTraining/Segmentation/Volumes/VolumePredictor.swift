import Martlet
import MartletData
import MartletModels

/// Gives each voxel of a volume its class, window by window.
public final class VolumePredictor: Sendable {
  /// The network's configuration, its classes, and how voxels become its input.
  public let description: SegmentationModelDescription
  private let volumes: VolumeDescription
  private let classCount: Int
  /// From windows to probabilities, channels last.
  private let probabilities: Predictor

  /// Freezes a network, which from now on is the predictor's: see ``Predictor``.
  ///
  /// - Throws: ``MartletError`` for a network that is not for volumes.
  public init(
    network: sending any SegmentationModel, description: SegmentationModelDescription,
    numerics: Numerics = .current
  ) throws {
    self.description = description
    volumes = try description.volumeDescription()
    classCount = network.classCount
    probabilities = Predictor(numerics: numerics) { [try Self.probabilities(network.logits($0[0]))] }
  }

  /// For a network that somebody else goes on using, and that does not change while it is predicted with.
  init(
    borrowing network: any SegmentationModel, description: SegmentationModelDescription,
    numerics: Numerics = .current
  ) throws {
    self.description = description
    volumes = try description.volumeDescription()
    classCount = network.classCount
    probabilities = .borrowing(numerics: numerics) { [try Self.probabilities(network.logits($0[0]))] }
  }

  private static func probabilities(_ logits: Tensor) throws -> Tensor {
    try logits.softmax(axis: 1).converted(to: .channelsLast)
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
    try windows(overlap, blend).predict(volume, { window, _ in try probabilities(window) }, body)
  }

  /// Bytes that a volume takes, besides the network's weights.
  ///
  /// - Throws: ``MartletError`` for an overlap that cannot be meant.
  func byteCount(_ header: NIfTIHeader, overlap: Double) throws -> Int {
    let voxels = header.size.count.saturatingProduct(4 * header.channels)
    let window = volumes.window.count * 4 * (description.inputChannels + classCount)
    return try voxels.saturatingSum(windows(overlap, .gaussian).byteCount(header.size))
      .saturatingSum(window).saturatingSum(probabilities.prepare(for: [windowType]).arenaByteCount)
  }

  private func windows(_ overlap: Double, _ blend: WindowBlend) throws -> VolumeWindows {
    try VolumeWindows(
      window: volumes.window, overlap: overlap, blend: blend, normalization: volumes.normalization,
      classCount: classCount)
  }

  private var windowType: TensorType {
    TensorType([1, description.inputChannels] + volumes.window.lengths, .float32, .channelsLast)
  }
}
