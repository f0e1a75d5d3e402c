import Martlet
import MartletData

/// What has to be known to use a network for volumes, besides what those for images have.
public struct VolumeDescription: Hashable, Sendable, Codable {
  /// What the network was trained on, and is given windows of.
  public var window: VolumeSize
  /// How voxels become the network's input.
  public var normalization: VolumeNormalization
  /// The smallest and the largest spacing of the training volumes along depth, height and width; `nil` in files of
  /// earlier versions, as what follows.
  public var spacings: [ClosedRange<Double>]?
  /// Where the training volumes' i, j and k led, such as `RAS`.
  public var orientations: [String]?

  /// - Parameter geometries: Of the training volumes, where they are known.
  public init(window: VolumeSize, normalization: VolumeNormalization, geometries: [VolumeGeometry] = []) {
    self.window = window
    self.normalization = normalization
    guard !geometries.isEmpty else { return }
    spacings = (0..<3).map { axis in
      let lengths = geometries.map { $0.spacing[axis] }
      return (lengths.min() ?? 0)...(lengths.max() ?? 0)
    }
    orientations = Set(geometries.map(\.orientation)).sorted()
  }

  /// What sets a volume apart from those that the network was trained on; voxels are taken as they are.
  func notes(on geometry: VolumeGeometry) -> [String] {
    var notes: [String] = []
    // What a file says can be of fewer axes.
    for (axis, (name, known)) in zip(["depth", "height", "width"], spacings ?? []).enumerated() {
      let spacing = geometry.spacing[axis]
      if spacing < 0.99 * known.lowerBound || spacing > 1.01 * known.upperBound {
        let range =
          known.upperBound > 1.01 * known.lowerBound
          ? "from \(spacingText(known.lowerBound)) to \(spacingText(known.upperBound))"
          : spacingText(known.lowerBound)
        notes.append("its spacing along \(name) is \(spacingText(spacing)), in training it was \(range)")
      }
    }
    if let orientations, !orientations.contains(geometry.orientation) {
      notes.append(
        "its axes lead to \(geometry.orientation), in training to \(orientations.joined(separator: " or "))")
    }
    return notes
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
